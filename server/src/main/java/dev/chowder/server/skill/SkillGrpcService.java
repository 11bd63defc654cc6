package dev.chowder.server.skill;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;
import static dev.chowder.server.stream.Unary.answer;

import com.google.protobuf.Empty;
import dev.chowder.api.v1.DeleteSkillRequest;
import dev.chowder.api.v1.GetSkillRequest;
import dev.chowder.api.v1.InstallSkillRequest;
import dev.chowder.api.v1.InstallSkillResponse;
import dev.chowder.api.v1.ListSkillsRequest;
import dev.chowder.api.v1.ListSkillsResponse;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.Skill;
import dev.chowder.api.v1.SkillServiceGrpc;
import dev.chowder.api.v1.UpdateSkillRequest;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.OpenClawSkills;
import dev.chowder.openclaw.OpenClawSkills.Source;
import dev.chowder.openclaw.SkillChange;
import dev.chowder.openclaw.SkillRefused;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.instance.GatewayClient;
import dev.chowder.server.instance.InstanceClient;
import io.grpc.stub.StreamObserver;
import java.time.Duration;

/**
 * Serves {@code SkillService}: parses requests, calls the instance's gateway and presents the
 * results.
 */
public final class SkillGrpcService extends SkillServiceGrpc.SkillServiceImplBase {
  private final SkillRequests requests;
  private final GatewayClient client;
  private final OpenClawSkills skills;
  private final InstanceClient instances;
  private final SkillFolders folders;
  private final Duration endSleepLimit;

  /**
   * Creates the service.
   *
   * @param endSleepLimit how long a removal waits until a stop is over and a frozen gateway has
   *     ended
   */
  public SkillGrpcService(
      GatewayClient client,
      OpenClawSkills skills,
      InstanceClient instances,
      Sandboxes sandboxes,
      SkillSettings settings,
      Duration endSleepLimit) {
    this.requests = new SkillRequests(settings);
    this.client = client;
    this.skills = skills;
    this.instances = instances;
    this.folders = new SkillFolders(sandboxes);
    this.endSleepLimit = endSleepLimit;
  }

  @Override
  public void listSkills(ListSkillsRequest request, StreamObserver<ListSkillsResponse> out) {
    var wanted = SkillRequests.listing(request);
    var all = ask(request.getInstanceId(), skills::list);
    answer(out, SkillPresenter.page(wanted, all));
  }

  @Override
  public void getSkill(GetSkillRequest request, StreamObserver<Skill> out) {
    var name = request.getSkillName();
    var skill = ask(request.getInstanceId(), gateway -> found(gateway, name));
    answer(out, SkillPresenter.skill(skill));
  }

  @Override
  public void installSkill(InstallSkillRequest request, StreamObserver<InstallSkillResponse> out) {
    var wanted = requests.installation(request);
    var source = wanted.source();
    var installed =
        ask(
            request.getInstanceId(),
            gateway -> {
              try {
                return skills.install(gateway, source, wanted.overwrite());
              } catch (SkillRefused why) {
                throw rejection(source, why.reason());
              }
            });
    var skill =
        wanted.env().isEmpty()
            ? installed.skill()
            : ask(
                request.getInstanceId(),
                gateway -> {
                  skills.configure(gateway, installed.skill(), SkillChange.ofEnv(wanted.env()));
                  return found(gateway, installed.skill().name());
                });
    answer(out, SkillPresenter.installed(skill, installed.message()));
  }

  private static ApiError rejection(Source source, SkillRefused.Reason why) {
    var slug = source.slug();
    return switch (why) {
      case EXISTS ->
          ApiError.of(
              Reason.SKILL_EXISTS,
              cannot(
                  "install " + slug,
                  "the agent has a skill in a folder of that name",
                  "set overwrite to replace it"));
      case NOT_FOUND ->
          ApiError.of(
              Reason.SKILL_NOT_FOUND, must("slug", "be the slug of a skill on ClawHub", slug));
      case AMBIGUOUS ->
          ApiError.must("slug", "be @owner/" + slug + ", since several owners have one", slug);
      case HARMFUL ->
          ApiError.of(
              Reason.SKILL_REFUSED,
              cannot("install " + slug, "ClawHub or the agent's policy blocks it as harmful"));
      case NO_REGISTRY ->
          ApiError.of(
              Reason.CLAWHUB_UNAVAILABLE,
              cannot(
                  "install " + slug,
                  "the sandbox cannot reach ClawHub, or ClawHub sent no usable response",
                  "send the skill as an archive, or try again later"));
      case NO_SKILL -> ApiError.must("archive", "be a zip with a SKILL.md at its top");
      case UNREADABLE ->
          ApiError.of(
              Reason.SKILL_REFUSED,
              cannot(
                  "read " + slug,
                  "its SKILL.md needs a name that no other skill has, and a description",
                  "correct the file and install it again with overwrite"));
    };
  }

  @Override
  public void updateSkill(UpdateSkillRequest request, StreamObserver<Empty> out) {
    var name = request.getSkillName();
    var change = requests.change(request);
    ask(
        request.getInstanceId(),
        gateway -> {
          var skill = found(gateway, name);
          if (!change.isEmpty()) skills.configure(gateway, skill, change);
          return skill;
        });
    answer(out, Empty.getDefaultInstance());
  }

  @Override
  public void deleteSkill(DeleteSkillRequest request, StreamObserver<Empty> out) {
    var name = request.getSkillName();
    var skill =
        ask(
            request.getInstanceId(),
            gateway -> {
              var existing = found(gateway, name);
              if (!existing.isInstalled()) throw notRemovable(existing);
              // Secrets go first. If the call fails after that, a retry still finds the folder.
              skills.forget(gateway, existing);
              return existing;
            });
    var folder = skill.folder().orElseThrow();
    var caller = Caller.current();
    var id = new InstanceId(request.getInstanceId());
    var _ =
        instances.change(
            caller,
            id,
            endSleepLimit,
            () -> {
              folders.remove(instances.get(caller, id), folder);
              return folder;
            });
    ask(
        request.getInstanceId(),
        gateway -> {
          skills.awaitRemoved(gateway, folder);
          return folder;
        });
    answer(out, Empty.getDefaultInstance());
  }

  private static ApiError notRemovable(OpenClawSkills.Skill skill) {
    return ApiError.of(
        Reason.SKILL_NOT_REMOVABLE,
        must("skill_name", "name a skill in skills/ of the workspace", "source " + skill.source()));
  }

  private OpenClawSkills.Skill found(Gateway gateway, String name) throws InterruptedException {
    return skills
        .find(gateway, name)
        .orElseThrow(() -> ApiError.of(Reason.SKILL_NOT_FOUND, "Skill not found."));
  }

  private <T> T ask(String instanceId, GatewayClient.GatewayCall<T> call) {
    return client.call(Caller.current(), SkillRequests.instance(instanceId), call);
  }
}
