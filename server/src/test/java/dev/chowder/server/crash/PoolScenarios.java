package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Struct;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.GetGatewayAccessRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.base.Await;
import dev.chowder.base.Failpoints;
import dev.chowder.server.crash.FailpointCase.Scenario;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Lets a server die while it creates, claims or discards pool members. */
final class PoolScenarios {
  private static final Duration DEATH_LIMIT = Duration.ofSeconds(90);
  private static final Duration SETTLE_LIMIT = Duration.ofSeconds(60);

  /** Settings of a server with one member. */
  static final List<String> SETTINGS =
      List.of(
          "-Dchowder.pool.max-size=1",
          "-Dchowder.pool.check-interval=100ms",
          "-Dchowder.pool.boot-delay=0s",
          "-Dchowder.openclaw.warm-up-delay=0s",
          "-Dchowder.pool.min-retry-delay=100ms");

  private static final FailpointCase BEFORE_CLAIM =
      new FailpointCase("persist.Claimed" + Failpoints.BEFORE, Scenario.POOL);

  /** The steps from the choice of a member to the response. */
  static List<String> stepsOfAClaim() {
    return List.of(
        "persist.organization.SlotReserved" + Failpoints.BEFORE,
        "persist.organization.SlotReserved" + Failpoints.AFTER,
        "idempotency.resource" + Failpoints.BEFORE,
        "idempotency.resource" + Failpoints.AFTER,
        "persist.Claimed" + Failpoints.BEFORE,
        "persist.Claimed" + Failpoints.AFTER,
        "idempotency.answer" + Failpoints.BEFORE,
        "idempotency.answer" + Failpoints.AFTER);
  }

  private final Lane lane;
  private final LifecycleRun run;

  /** Signs up an organization that may create instances. */
  PoolScenarios(Lane lane, String modelUrl) {
    this.lane = lane;
    this.run = new LifecycleRun(lane.home(), modelUrl, _ -> {});
    run.prepare(lane.server());
  }

  /** A retry completes the claim. */
  void dieInAClaim(String step, Struct config) throws IOException {
    var first = create("first", "", Struct.getDefaultInstance());
    var member = awaitPooled(Set.of(first));
    dieAt(new FailpointCase(step, Scenario.POOL), "second", config);
    lane.restart();

    var third = create("third", "another-key", Struct.getDefaultInstance());
    var second = create("second", "once", config);

    assertThat(create("second", "once", config)).isEqualTo(second);
    assertThat(Set.of(first, second, third)).hasSize(3);
    // The member is not claimed after the restart, since an agent may have run in it.
    boolean wasClaimed =
        stepsOfAClaim().indexOf(step) > stepsOfAClaim().indexOf(BEFORE_CLAIM.name());
    assertThat(sandbox(second).equals(member)).isEqualTo(wasClaimed);
    assertThat(sandbox(third)).isNotEqualTo(member);
    awaitSteady(Set.of(first, second, third));
    finish();
  }

  /** A death during a claim, then one while the restarted server discards the member. */
  void dieTwiceWithAReservedMember() throws IOException {
    var first = create("first", "", Struct.getDefaultInstance());
    var member = awaitPooled(Set.of(first));
    dieAt(BEFORE_CLAIM, "second", Struct.getDefaultInstance());
    var place = new FailpointCase("persist.Discarded" + Failpoints.AFTER, Scenario.POOL);
    lane.restartTowards(place);
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    lane.restart();

    var second = create("second", "once", Struct.getDefaultInstance());

    assertThat(sandbox(second)).isNotEqualTo(member);
    awaitSteady(Set.of(first, second));
    finish();
  }

  /** Without a retry, the slot that was reserved for the member is released. */
  void dieInAClaimThatIsNotRepeated() throws IOException {
    var first = create("first", "", Struct.getDefaultInstance());
    var member = awaitPooled(Set.of(first));
    dieAt(BEFORE_CLAIM, "second", Struct.getDefaultInstance());
    lane.restart();

    // The slot can be released before the member is discarded.
    Await.until(
        SETTLE_LIMIT,
        () -> !awaitSteady(Set.of(first)).equals(member),
        () -> "the member is not replaced: " + lane.server().tail());
    finish();
  }

  /** The restarted server replaces its members. */
  void dieWithMembers(String step) throws IOException {
    var place = new FailpointCase(step, Scenario.POOL);
    var members = new HashSet<String>();
    if (step.startsWith("persist.MemberCreated")) {
      lane.arm(place);
      createUntilTheServerDies("first", "once", Struct.getDefaultInstance());
    } else {
      var created = create("first", "once", Struct.getDefaultInstance());
      members.add(awaitPooled(Set.of(created)));
      lane.server().kill();
      lane.restartTowards(place);
    }
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    lane.restart();

    var first = create("first", "once", Struct.getDefaultInstance());
    var member = awaitPooled(Set.of(first));

    assertThat(members).doesNotContain(member);
    var second = create("second", "", Struct.getDefaultInstance());
    assertThat(sandbox(second)).isEqualTo(member);
    awaitSteady(Set.of(first, second));
    finish();
  }

  /** The claim of a member makes room for the next one. */
  void dieInTheProvisioningOfAMember(String step) throws IOException {
    var place = new FailpointCase(step, Scenario.POOL);
    var first = create("first", "", Struct.getDefaultInstance());
    var claimed = awaitPooled(Set.of(first));
    lane.arm(place);
    createUntilTheServerDies("second", "once", Struct.getDefaultInstance());
    lane.server().awaitDeathAt(place, DEATH_LIMIT);
    lane.restart();

    var second = create("second", "once", Struct.getDefaultInstance());

    assertThat(sandbox(second)).isEqualTo(claimed);
    var member = awaitPooled(Set.of(first, second));
    var third = create("third", "", Struct.getDefaultInstance());
    assertThat(sandbox(third)).isEqualTo(member);
    awaitSteady(Set.of(first, second, third));
    finish();
  }

  private void dieAt(FailpointCase place, String name, Struct config) {
    var victim = lane.server();
    lane.arm(place);
    assertThatThrownBy(() -> create(name, "once", config)).isInstanceOf(ServerDied.class);
    victim.awaitDeathAt(place, DEATH_LIMIT);
  }

  /** The server may also die after the response, because it creates members later. */
  private void createUntilTheServerDies(String name, String idempotencyKey, Struct config) {
    try {
      var _ = create(name, idempotencyKey, config);
    } catch (ServerDied expected) {
      assertThat(expected).hasCauseInstanceOf(Exception.class);
    }
  }

  /** Returns the id of the created instance. */
  private String create(String name, String idempotencyKey, Struct config) {
    var headers = new Metadata();
    if (!idempotencyKey.isEmpty()) {
      headers.put(
          Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER), idempotencyKey);
    }
    var request = CreateInstanceRequest.newBuilder().setName(name).setModelProvider("custom");
    if (config.getFieldsCount() > 0) request.setOpenclawConfig(config);
    var server = lane.server();
    return LifecycleRun.call(
            server,
            () ->
                run.instances(server)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .createInstance(request.build()))
        .getId();
  }

  /** Waits until a member can be claimed, and returns its sandbox. */
  private String awaitPooled(Set<String> instances) {
    var member = awaitSteady(instances);
    var id = member.substring("sb-".length());
    lane.server().awaitLine(Pattern.compile("instance=" + id + " event=pooled"), SETTLE_LIMIT);
    return member;
  }

  /**
   * Waits until exactly these instances run and one sandbox is left, which is that of a member.
   * Returns it.
   */
  private String awaitSteady(Set<String> instances) {
    var server = lane.server();
    Await.untilSolved(
        SETTLE_LIMIT,
        () -> {
          try {
            return problem(server, instances);
          } catch (IOException changing) {
            return changing.toString();
          }
        },
        server::tail);
    try {
      return membersBeside(instances).iterator().next();
    } catch (IOException why) {
      throw new AssertionError(why);
    }
  }

  private String problem(KillableServer server, Set<String> instances) throws IOException {
    var listed =
        LifecycleRun.call(
                server,
                () ->
                    run.instances(server).listInstances(ListInstancesRequest.getDefaultInstance()))
            .getInstancesList();
    var ids = listed.stream().map(Instance::getId).toList();
    if (ids.size() != instances.size() || !instances.containsAll(ids)) {
      return "instances: must be " + instances + "; got " + ids;
    }
    for (var one : listed) {
      if (one.getStatus() != Instance.Status.running || !one.getStage().isEmpty()) {
        return "not running: " + one;
      }
      if (!run.disk().runs(sandbox(one.getId()))) return "no process: " + one;
      var access = GetGatewayAccessRequest.newBuilder().setInstanceId(one.getId()).build();
      var token =
          LifecycleRun.call(server, () -> run.instances(server).getGatewayAccess(access))
              .getGatewayToken();
      if (!token.equals(run.disk().token(sandbox(one.getId())))) return "token: differs: " + one;
    }
    int slots =
        LifecycleRun.call(
                server,
                () ->
                    run.organizations(server)
                        .getOrganization(GetOrganizationRequest.getDefaultInstance()))
            .getInstanceCount();
    if (slots != instances.size()) {
      return "slots: must be " + instances.size() + "; got " + slots;
    }
    var members = membersBeside(instances);
    if (members.size() != 1) return "members: must be 1; got " + members;
    return run.disk().runs(members.iterator().next()) ? "" : "a member that does not run";
  }

  private Set<String> membersBeside(Set<String> instances) throws IOException {
    var members = new HashSet<>(run.disk().entries());
    for (var id : instances) members.remove(sandbox(id));
    return members;
  }

  private static String sandbox(String instance) {
    return "sb-" + instance;
  }

  /** Deletes the organization, which must leave no sandbox. */
  private void finish() {
    run.deleteOrganization(lane.server());
    Await.untilSolved(
        SETTLE_LIMIT,
        () -> {
          try {
            var left = run.disk().entries();
            return left.isEmpty() ? "" : "left behind: " + left;
          } catch (IOException changing) {
            return changing.toString();
          }
        },
        lane.server()::tail);
    lane.markClean();
  }
}
