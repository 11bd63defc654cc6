package dev.chowder.server.node;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.server.error.Rejection;
import dev.chowder.simulator.FakeScript.Verb;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests restart, recover and delete on a node, also while the sandbox host does not respond. */
class VerbsTest {
  /**
   * The time that a caller is willing to wait, far below the limits of the retries behind the call.
   */
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir static Path home;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    node =
        Node.start(
            home,
            Map.of(
                "chowder.reconciler.interval",
                "200ms",
                "chowder.reconciler.min-unused-slot-age",
                // A create that takes longer is rejected.
                "5s",
                "chowder.instance.max-watchers",
                1));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @AfterEach
  void heal() {
    node.script().reachable().delay(Verb.STOP, Duration.ZERO);
  }

  @Test
  void aRestartStopsTheGatewayCleanlyAndKeepsTheHome() {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    write(id, "memory", "kept");
    int calls = node.script().calls().size();

    var answer = restart(key, id, 60);

    assertThat(answer.getStatus()).isEqualTo(Instance.Status.running);
    assertThat(answer.getDesiredStatus()).isEqualTo(Instance.Status.running);
    assertThat(answer.getServedBy()).isEqualTo(Instance.ServedBy.boot);
    assertThat(read(id, "memory")).isEqualTo("kept");
    assertThat(verbsOf(id, calls)).containsSubsequence(Verb.STOP, Verb.START);
  }

  @Test
  void aRestartInProgressIsShownAndJoinedAndRejectsAStop() {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    var stopping = node.script().holdNext(Verb.STOP);

    try {
      var answer = restart(key, id, 0);
      assertThat(answer.getStatus()).isEqualTo(Instance.Status.stopped);
      assertThat(answer.getDesiredStatus()).isEqualTo(Instance.Status.running);
      assertThat(answer.getStage()).isEqualTo("stop_gateway");
      var stop = StopInstanceRequest.newBuilder().setInstanceId(id).build();
      rejects(Status.Code.FAILED_PRECONDITION, () -> node.instances(key).stopInstance(stop));
      int revision = answer.getRevision();
      assertThat(restart(key, id, 0).getRevision()).isEqualTo(revision);
    } finally {
      stopping.release();
    }
    assertThat(restart(key, id, 60).getStatus()).isEqualTo(Instance.Status.running);
  }

  @Test
  void restartingAnInstanceThatDoesNotRunIsRejected() {
    var key = node.newcomer("crab");
    var stopped = node.createRunning(key);
    var stop = StopInstanceRequest.newBuilder().setInstanceId(stopped).build();
    assertThat(node.instances(key).stopInstance(stop).getStatus())
        .isEqualTo(Instance.Status.stopped);
    var failed = failed(key);
    rejects(Status.Code.FAILED_PRECONDITION, () -> restart(key, stopped, 60));
    rejects(Status.Code.FAILED_PRECONDITION, () -> restart(key, failed, 60));
    rejects(Status.Code.FAILED_PRECONDITION, () -> recover(key, stopped));
  }

  @Test
  void recoverAfterAFailedProvisioningKeepsIdOverridesAndSlot() {
    var key = node.newcomer("shrimp");
    node.script().failNext(Verb.WRITE_FILES, 1, SandboxException.Reason.NO_SPACE, "disk: full");
    var id =
        node.instances(key)
            .createInstance(
                CreateInstanceRequest.newBuilder()
                    .setName("one")
                    .setModelProvider("custom")
                    .setOpenclawConfig(
                        Struct.newBuilder()
                            .putFields(
                                "logging.level",
                                Value.newBuilder().setStringValue("debug").build()))
                    .build())
            .getId();
    var failed = node.awaitStatus(key, id, Instance.Status.error);
    assertThat(failed.getErrorReason()).isEqualTo("NO_SPACE");
    awaitSlots(key, 0);

    var recovered = recover(key, id);

    assertThat(recovered.getId()).isEqualTo(id);
    assertThat(recovered.getStatus()).as(recovered.toString()).isEqualTo(Instance.Status.running);
    assertThat(recovered.getOpenclawConfig().getFieldsMap()).isNotEmpty();
    assertThat(read(id, ".openclaw/openclaw.json")).contains("\"debug\"");
    assertThat(node.slots(key)).isEqualTo(1);
    assertThat(recover(key, id).getRevision()).isEqualTo(recovered.getRevision());
  }

  @Test
  void theErrorOfALongOverrideKeyIsShort() {
    var override = "\u0007" + "x".repeat(50_000) + ".";
    var creation =
        CreateInstanceRequest.newBuilder()
            .setName("one")
            .setModelProvider("custom")
            .setOpenclawConfig(
                Struct.newBuilder()
                    .putFields(override, Value.newBuilder().setBoolValue(true).build()))
            .build();
    var key = node.newcomer("shrimp");
    Rejection.of(() -> node.instances(key).createInstance(creation))
        .hasField("openclaw_config.\uFFFD" + "x".repeat(127) + "...");
  }

  @Test
  void recoverKeepsTheFilesOfAnAgentThatRan() {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    write(id, "memory", "kept");
    node.script().failNext(Verb.START, 1, SandboxException.Reason.NO_MEMORY, "memory: none");
    restart(key, id, 60);
    node.awaitStatus(key, id, Instance.Status.error);

    var recovered = recover(key, id);

    assertThat(recovered.getStatus()).isEqualTo(Instance.Status.running);
    assertThat(read(id, "memory")).isEqualTo("kept");
    assertThat(node.slots(key)).isEqualTo(1);
  }

  @Test
  void recoverReservesASlotOrIsRejectedIfNoneIsFree() {
    var key = node.newcomer("shrimp");
    var failed = failed(key);
    var other = node.createRunning(key);

    var rejected = Rejection.of(() -> recover(key, failed));
    rejected.hasReason(Reason.INSTANCE_LIMIT_REACHED);
    assertThat(rejected.error().message())
        .isEqualTo("Instance limit reached (1/1). Upgrade your subscription.");
    assertThat(node.get(key, failed).getStatus()).isEqualTo(Instance.Status.error);

    delete(key, other);
    assertThat(recover(key, failed).getStatus()).isEqualTo(Instance.Status.running);
    assertThat(node.slots(key)).isEqualTo(1);
  }

  @Test
  void exactlyOneOfManyConcurrentRecoversGetsTheLastSlot() throws Exception {
    var key = node.newcomer("shrimp");
    var one = failed(key);
    var two = failed(key);

    var codes =
        atOnce(
            () -> {
              var id = Math.floorMod(Thread.currentThread().threadId(), 2L) == 0 ? one : two;
              try {
                var _ = recover(key, id);
                return Status.Code.OK;
              } catch (StatusRuntimeException refused) {
                return refused.getStatus().getCode();
              }
            });

    assertThat(codes.stream().collect(groupingBy(code -> code, counting())).keySet())
        .contains(Status.Code.OK)
        .isSubsetOf(
            Status.Code.OK, Status.Code.RESOURCE_EXHAUSTED, Status.Code.FAILED_PRECONDITION);
    assertThat(node.slots(key)).isEqualTo(1);
    assertThat(List.of(node.get(key, one).getStatus(), node.get(key, two).getStatus()))
        .containsExactlyInAnyOrder(Instance.Status.running, Instance.Status.error);
  }

  @Test
  void recoverDuringAnEngineOutageIsRejectedSoonAndReservesNoSlot() {
    var key = node.newcomer("shrimp");
    var id = failed(key);
    node.script().unreachable();

    long begun = System.nanoTime();
    Rejection.of(() -> recover(key, id)).hasReason(Reason.SERVER_UNAVAILABLE);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
    node.script().reachable();
    awaitSlots(key, 0);

    assertThat(recover(key, id).getStatus()).isEqualTo(Instance.Status.running);
  }

  @Test
  void deletionDuringAnEngineOutageStaysPendingAndCompletesLater() {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    node.script().unreachable();

    long begun = System.nanoTime();
    delete(key, id);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
    rejects(Status.Code.NOT_FOUND, () -> node.get(key, id));
    assertThat(node.slots(key)).isZero();
    assertThat(node.operator("ListPendingEffects").body())
        .contains("\"instance_id\":\"" + id + "\"", "\"effect\":\"remove_sandbox\"", "\"since\":");
    Node.await(() -> node.metric("chowder_effects_pending") > 0 ? "" : "no pending effect");
    assertThat(node.metric("chowder_effects_pending_oldest_seconds")).isPositive();

    node.script().reachable();
    Node.await(() -> node.host().observe(Node.sandbox(id)).homeExists() ? "home there" : "");
    Node.await(
        () ->
            node.operator("ListPendingEffects").body().contains(id) ? "still pending: " + id : "");
  }

  @Test
  void deletionIsFastDuringAnyOperation() {
    node.script().withoutSkeleton();
    for (var hanging :
        List.of(Verb.CREATE, Verb.RUN, Verb.WRITE_FILES, Verb.START, Verb.STOP, Verb.REMOVE)) {
      var key = node.newcomer("shrimp");
      node.script().hangNext(hanging, 1);
      boolean runsFirst = hanging == Verb.STOP || hanging == Verb.REMOVE;
      var id = runsFirst ? node.createRunning(key) : node.create(key);
      if (hanging == Verb.STOP) restart(key, id, 0);
      if (hanging != Verb.REMOVE) {
        Node.await(() -> verbsOf(id, 0).contains(hanging) ? "" : "not yet: " + hanging);
      }
      long begun = System.nanoTime();
      delete(key, id);
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).as("%s", hanging).isLessThan(SOON);
      if (hanging == Verb.REMOVE) continue;
      Node.await(
          () -> node.host().observe(Node.sandbox(id)).homeExists() ? hanging + ": home there" : "");
    }
  }

  @Test
  void callsThatWaitDoNotCountForTheWatchLimit() {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    node.script().delay(Verb.STOP, Duration.ofSeconds(2));
    var watch = WatchInstanceRequest.newBuilder().setInstanceId(id).build();
    try (var context = Context.current().withCancellation()) {
      context.run(
          () -> {
            var watched = node.instances(key).watchInstance(watch);
            assertThat(watched.next().getStatus()).isEqualTo(Instance.Status.running);
            rejects(
                Status.Code.RESOURCE_EXHAUSTED,
                () -> node.instances(key).watchInstance(watch).next());
            var answer = restart(key, id, 60);
            assertThat(answer.getStatus()).isEqualTo(Instance.Status.running);
            assertThat(answer.getServedBy()).isEqualTo(Instance.ServedBy.boot);
            delete(key, id);
          });
    }
  }

  /** Returns an instance whose first provisioning failed, so that its slot is free again. */
  private static String failed(String key) {
    int before = node.slots(key);
    node.script().failNext(Verb.CREATE, 1, SandboxException.Reason.NO_SPACE, "disk: full");
    var id = node.create(key);
    node.awaitStatus(key, id, Instance.Status.error);
    awaitSlots(key, before);
    return id;
  }

  private static void awaitSlots(String key, int slots) {
    Node.await(() -> node.slots(key) == slots ? "" : "slots: " + node.slots(key));
  }

  private static Instance restart(String key, String id, int wait) {
    return node.instances(key)
        .restartInstance(
            RestartInstanceRequest.newBuilder().setInstanceId(id).setWait(wait).build());
  }

  private static Instance recover(String key, String id) {
    return node.instances(key)
        .recoverInstance(RecoverInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private static void delete(String key, String id) {
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private static void write(String id, String path, String content) {
    node.host()
        .homes()
        .writeFiles(
            Node.sandbox(id),
            Fence.NONE,
            List.of(
                new SandboxFile(path, com.google.protobuf.ByteString.copyFromUtf8(content), 0600)));
  }

  private static String read(String id, String path) {
    return node.host()
        .homes()
        .readFile(Node.sandbox(id), path, 1 << 20)
        .orElseThrow()
        .toStringUtf8();
  }

  private static List<Verb> verbsOf(String id, int after) {
    return node.script().calls().stream()
        .skip(after)
        .filter(call -> call.id().filter(Node.sandbox(id)::equals).isPresent())
        .map(call -> call.verb())
        .toList();
  }

  private static StatusRuntimeException rejects(Status.Code code, ThrowingCallable call) {
    var thrown = new StatusRuntimeException[1];
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> {
              assertThat(why.getStatus().getCode()).as(why.toString()).isEqualTo(code);
              thrown[0] = why;
            });
    return thrown[0];
  }

  private static <T> List<T> atOnce(Callable<T> call) throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var answers = new java.util.ArrayList<T>();
      for (var answer : threads.invokeAll(Collections.nCopies(20, call))) answers.add(answer.get());
      return answers;
    }
  }
}
