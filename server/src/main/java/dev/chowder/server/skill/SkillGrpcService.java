package dev.chowder.server.skill;

import com.google.protobuf.Empty;
import dev.chowder.api.v1.DeleteSkillRequest;
import dev.chowder.api.v1.GetSkillRequest;
import dev.chowder.api.v1.InstallSkillRequest;
import dev.chowder.api.v1.InstallSkillResponse;
import dev.chowder.api.v1.ListSkillsRequest;
import dev.chowder.api.v1.ListSkillsResponse;
import dev.chowder.api.v1.Skill;
import dev.chowder.api.v1.SkillServiceGrpc;
import dev.chowder.api.v1.UpdateSkillRequest;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.OpenClawSkills;
import dev.chowder.openclaw.OpenClawSkills.Source;
import dev.chowder.openclaw.SkillChange;
import dev.chowder.openclaw.SkillRefused;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.instance.GatewayClient;
import io.grpc.stub.StreamObserver;

/** Shows, installs, configures and uninstalls skills: parse, ask, present. */
public final class SkillGrpcService extends SkillServiceGrpc.SkillServiceImplBase {
  private final SkillRequests requests;
  private final GatewayClient client;
  private final OpenClawSkills skills;
  private final SkillFolders folders;

  /** Wires the service. */
  public SkillGrpcService(
      GatewayClient client, OpenClawSkills skills, SandboxDriver driver, SkillSettings settings) {
    this.requests = new SkillRequests(settings);
    this.client = client;
    this.skills = skills;
    this.folders = new SkillFolders(driver);
  }

  @Override
  public void listSkills(ListSkillsRequest request, StreamObserver<ListSkillsResponse> out) {
    var wanted = SkillRequests.listing(request);
    var all = ask(request.getInstanceId(), skills::list);
    out.onNext(SkillPresenter.page(wanted, all));
    out.onCompleted();
  }

  @Override
  public void getSkill(GetSkillRequest request, StreamObserver<Skill> out) {
    var name = SkillRequests.name(request.getSkillName());
    var skill = ask(request.getInstanceId(), gateway -> found(gateway, name));
    out.onNext(SkillPresenter.skill(skill));
    out.onCompleted();
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
                throw refused(source, why.reason());
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
    out.onNext(SkillPresenter.installed(skill, installed.said()));
    out.onCompleted();
  }

  private static ApiError refused(Source source, SkillRefused.Reason why) {
    var slug = source.slug();
    return switch (why) {
      case EXISTS ->
          ApiError.of(
              Reason.SKILL_EXISTS, slug + ": there already (expected: overwrite to replace it)");
      case NOT_FOUND ->
          ApiError.of(Reason.SKILL_NOT_FOUND, slug + ": not found (expected: one of ClawHub's)");
      case AMBIGUOUS ->
          ApiError.invalid("slug", "of several owners (expected: @owner/" + slug + ")");
      case HARMFUL ->
          ApiError.of(
              Reason.SKILL_REFUSED, slug + ": held for harmful (expected: one that is not)");
      case NO_REGISTRY ->
          ApiError.of(
              Reason.CLAWHUB_UNAVAILABLE,
              "ClawHub: not reached from the sandbox, or no answer of use (expected: the skill;"
                  + " bring it as an archive instead)");
      case NO_SKILL ->
          ApiError.invalid("archive", "no skill (expected: a zip with a SKILL.md at its top)");
      case UNREADABLE ->
          ApiError.of(
              Reason.SKILL_REFUSED,
              slug
                  + ": there, and not read (expected: a SKILL.md with a name of its own and a"
                  + " description; overwrite it with one)");
    };
  }

  @Override
  public void updateSkill(UpdateSkillRequest request, StreamObserver<Empty> out) {
    var name = SkillRequests.name(request.getSkillName());
    var change = requests.change(request);
    ask(
        request.getInstanceId(),
        gateway -> {
          var skill = found(gateway, name);
          if (!change.isEmpty()) skills.configure(gateway, skill, change);
          return skill;
        });
    out.onNext(Empty.getDefaultInstance());
    out.onCompleted();
  }

  @Override
  public void deleteSkill(DeleteSkillRequest request, StreamObserver<Empty> out) {
    var name = SkillRequests.name(request.getSkillName());
    var skill =
        ask(
            request.getInstanceId(),
            gateway -> {
              var there = found(gateway, name);
              if (!there.isInstalled()) throw notRemovable(there);
              // First what may be secret: a repetition finds the folder still there.
              skills.forget(gateway, there);
              return there;
            });
    var folder = skill.folder().orElseThrow();
    folders.remove(request.getInstanceId(), folder);
    ask(
        request.getInstanceId(),
        gateway -> {
          skills.awaitGone(gateway, folder);
          return folder;
        });
    out.onNext(Empty.getDefaultInstance());
    out.onCompleted();
  }

  private static ApiError notRemovable(OpenClawSkills.Skill skill) {
    return ApiError.of(
        Reason.SKILL_NOT_REMOVABLE,
        "source: " + skill.source() + " (expected: a skill in skills/ of the workspace)");
  }

  private OpenClawSkills.Skill found(Gateway gateway, String name) throws InterruptedException {
    return skills
        .find(gateway, name)
        .orElseThrow(() -> ApiError.of(Reason.SKILL_NOT_FOUND, "Skill not found."));
  }

  private <T> T ask(String instanceId, GatewayClient.GatewayCall<T> question) {
    return client.ask(Caller.current(), SkillRequests.instance(instanceId), question);
  }
}
