package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.RecoverInstanceRequest;
import dev.chowder.api.v1.RestartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The disk of the sandbox host is not mounted for a while. Home volumes that agents used must be
 * kept, and agents must start with them afterwards, whatever happened in between.
 */
class LostHomesTest {
  private static final Map<String, Object> QUICK =
      Map.of(
          "chowder.reconciler.interval", "100ms",
          "chowder.reconciler.removal-delay", "200ms");

  @TempDir Path home;
  @TempDir Path disk;
  private Node node;
  private String key;
  private String id;

  @BeforeEach
  void createAgentWithAFile() throws IOException {
    node = Node.start(home, QUICK);
    key = node.newcomer("whale");
    id = node.createRunning(key);
    Files.writeString(memory(), "kept");
  }

  @AfterEach
  void close() {
    node.close();
  }

  @ParameterizedTest
  @EnumSource(
      value = Verb.class,
      names = {"CREATE", "RUN", "READ_FILE", "WRITE_FILES", "START"})
  void aHomeThatReappearsAfterAFailedRecoverIsKeptAndUsed(Verb failing) throws IOException {
    unmountDisk();
    // Only an image without a skeleton onboards in a task.
    if (failing == Verb.RUN) node.script().withoutSkeleton();
    node.script().failNext(failing, 1, Reason.IMAGE_MISSING, "no image");
    recover();
    node.awaitStatus(key, id, Instance.Status.error);
    awaitNothingPending();

    remountDisk();
    awaitPasses();
    assertThat(memory()).hasContent("kept");

    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");
    assertThat(runs()).isTrue();
  }

  @Test
  void aReappearedHomeIsShownToOperatorsUntilItIsRecovered() throws IOException {
    unmountDisk();
    failToRecover();
    remountDisk();
    Node.await(() -> reconciler().contains("home_reappeared") ? "" : "not shown");
    assertThat(reconciler())
        .contains("\"sandbox_id\":\"sb-" + id + "\"", "\"home_generation\":1", "\"runs\":false");
    assertThat(node.metric("chowder_sandboxes_quarantined")).isEqualTo(1);

    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    Node.await(() -> reconciler().contains("\"quarantined_count\":0") ? "" : "still shown");
    assertThat(memory()).hasContent("kept");
  }

  @Test
  void anOperatorCanRemoveAReappearedHomeSoThatTheInstanceGetsANewOne() throws IOException {
    unmountDisk();
    failToRecover();
    // There is no home volume, so none is in quarantine.
    assertThat(remove()).isEqualTo(409);
    remountDisk();
    assertThat(remove()).isEqualTo(200);
    assertThat(memory()).doesNotExist();

    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).doesNotExist();
    assertThat(remove()).isEqualTo(409);
  }

  @Test
  void aDiskThatReturnsJustBeforeANewHomeIsCreatedKeepsTheOldHome() throws Exception {
    unmountDisk();
    var hold = node.script().holdNext(Verb.CREATE);
    recover();
    assertThat(hold.awaitCall(Node.LIMIT)).isTrue();
    remountDisk();
    hold.release();

    assertFailedBecauseTheHomeWasReplaced();
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");
  }

  @ParameterizedTest
  @EnumSource(
      value = Verb.class,
      names = {"RUN", "WRITE_FILES", "START"})
  void aDiskThatReturnsWhileANewHomeIsFilledKeepsTheOldHome(Verb during) throws Exception {
    var before = Files.readString(config());
    unmountDisk();
    if (during == Verb.RUN) node.script().withoutSkeleton();
    var hold = node.script().holdNext(during);
    recover();
    assertThat(hold.awaitCall(Node.LIMIT)).isTrue();
    remountDisk();
    hold.release();

    assertFailedBecauseTheHomeWasReplaced();
    awaitPasses();
    assertThat(memory()).hasContent("kept");
    assertThat(config()).hasContent(before);
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");
  }

  @Test
  void aDiskThatReturnsWhileANewAgentRunsKeepsBothHomes(@TempDir Path second) throws IOException {
    unmountDisk();
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    Files.writeString(memory(), "of the second home");

    node.script().unreachable();
    node.host().kill(Node.sandbox(id));
    move(sandboxes(), second);
    remountDisk();
    node.script().reachable();
    var failed = node.awaitStatus(key, id, Instance.Status.error);
    assertThat(failed.getErrorReason()).isEqualTo("SANDBOX_LOST");
    assertThat(failed.getErrorMessage()).contains("home volume 1 ", "recover");
    awaitNothingPending();
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");

    unmountDisk();
    move(second, sandboxes());
    awaitPasses();
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("of the second home");
  }

  /** A copy of the volume was restored by hand, and its label was lost. */
  @Test
  void aHomeRestoredWithoutItsLabelIsUsed() throws IOException {
    unmountDisk();
    Files.delete(disk.resolve("sb-" + id).resolve("generation"));
    remountDisk();
    awaitPasses();
    assertThat(memory()).hasContent("kept");

    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");
  }

  @Test
  void aHomeThatNoAgentUsedIsRemoved() throws IOException {
    node.script().failNext(Verb.WRITE_FILES, 1, Reason.NO_MEMORY, "no memory");
    var other = node.create(key);
    node.awaitStatus(key, other, Instance.Status.error);
    Node.await(() -> node.host().observe(Node.sandbox(other)).homeExists() ? "there" : "");
    // As a create leaves it that was in progress during the removal.
    Files.createDirectories(sandboxes().resolve("sb-" + other + "/home"));
    Files.writeString(sandboxes().resolve("sb-" + other + "/generation"), "1");
    Node.await(() -> node.host().observe(Node.sandbox(other)).homeExists() ? "left" : "");
  }

  @Test
  void aReappearedHomeOfADeletedInstanceIsRemoved() throws IOException {
    unmountDisk();
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
    awaitNothingPending();
    remountDisk();
    Node.await(() -> node.host().observe(Node.sandbox(id)).homeExists() ? "left" : "");
    assertThat(reconciler()).contains("\"quarantined_count\":0");
  }

  /** The database is older than the host. The instance takes over the running attempt. */
  @Test
  void anAgentOfALaterAttemptIsTakenOverAndCanBeStopped(@TempDir Path backup) throws IOException {
    node.close();
    Folders.copy(home.resolve("data"), backup);
    node = Node.start(home, QUICK);
    node.awaitStatus(key, id, Instance.Status.running);
    var _ =
        node.instances(key)
            .restartInstance(
                RestartInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
    assertThat(node.host().observe(Node.sandbox(id)).attempt()).isEqualTo(2);
    node.close();
    Folders.delete(home.resolve("data"));
    Folders.copy(backup, home.resolve("data"));

    node = Node.start(home, QUICK);
    awaitPasses();
    assertThat(runs()).isTrue();
    assertThat(stop().getStatus()).isEqualTo(Instance.Status.stopped);
    assertThat(runs()).isFalse();
    assertThat(memory()).hasContent("kept");
  }

  /** The database is from the agent's first provisioning. The agent was restarted after that. */
  @Test
  void anAgentThatTheDatabaseShowsAsProvisioningKeepsItsHome(@TempDir Path backup)
      throws Exception {
    backUpDuringProvisioningAndRestart(backup);
    assertThat(node.host().observe(Node.sandbox(id)).attempt()).isEqualTo(2);
    node.close();
    Folders.delete(home.resolve("data"));
    Folders.copy(backup, home.resolve("data"));

    node = Node.start(home, QUICK);
    node.awaitStatus(key, id, Instance.Status.error);
    awaitNothingPending();
    awaitPasses();
    assertThat(memory()).hasContent("kept");
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");
    assertThat(runs()).isTrue();
  }

  /**
   * As above, but the agent does not run. The provisioning would replace its process and then fail.
   */
  @Test
  void aStoppedAgentThatTheDatabaseShowsAsProvisioningKeepsItsHome(@TempDir Path backup)
      throws Exception {
    backUpDuringProvisioningAndRestart(backup);
    assertThat(stop().getStatus()).isEqualTo(Instance.Status.stopped);
    assertThat(node.host().observe(Node.sandbox(id)).attempt()).isEqualTo(2);
    node.close();
    Folders.delete(home.resolve("data"));
    Folders.copy(backup, home.resolve("data"));

    var host = Node.host(sandboxes());
    host.script().failNext(Verb.START, 1, Reason.IMAGE_MISSING, "no image");
    node = Node.start(home, host, QUICK);
    var failed = node.awaitStatus(key, id, Instance.Status.error);
    awaitNothingPending();
    awaitPasses();
    assertThat(memory()).hasContent("kept");
    assertThat(failed.getErrorReason()).isEqualTo("REFUSED");
    assertThat(failed.getErrorMessage()).contains("attempt 2", "recover");
    assertThat(node.host().observe(Node.sandbox(id)).attempt()).isEqualTo(2);

    recover();
    node.awaitStatus(key, id, Instance.Status.error);
    awaitNothingPending();
    awaitPasses();
    assertThat(memory()).hasContent("kept");
    recover();
    node.awaitStatus(key, id, Instance.Status.running);
    assertThat(memory()).hasContent("kept");
    assertThat(runs()).isTrue();
  }

  /**
   * Backs up the database during an agent's first provisioning. The agent then runs and is
   * restarted.
   */
  private void backUpDuringProvisioningAndRestart(Path backup) throws Exception {
    var hold = node.script().holdNext(Verb.WRITE_FILES);
    id = node.create(key);
    assertThat(hold.awaitCall(Node.LIMIT)).isTrue();
    node.close();
    Folders.copy(home.resolve("data"), backup);
    node = Node.start(home, QUICK);
    node.awaitStatus(key, id, Instance.Status.running);
    Files.writeString(memory(), "kept");
    var _ =
        node.instances(key)
            .restartInstance(
                RestartInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
  }

  private void failToRecover() {
    node.script().failNext(Verb.CREATE, 1, Reason.IMAGE_MISSING, "no image");
    recover();
    node.awaitStatus(key, id, Instance.Status.error);
    awaitNothingPending();
  }

  private void assertFailedBecauseTheHomeWasReplaced() {
    var failed = node.awaitStatus(key, id, Instance.Status.error);
    assertThat(failed.getErrorReason()).isEqualTo("HOME_REPLACED");
    assertThat(failed.getErrorMessage()).contains("recover");
    awaitNothingPending();
  }

  /**
   * Simulates an engine that starts without its disk: its processes ended, and it has no volumes.
   */
  private void unmountDisk() throws IOException {
    node.script().unreachable();
    node.host().kill(Node.sandbox(id));
    move(sandboxes(), disk);
    node.script().reachable();
    assertThat(node.awaitStatus(key, id, Instance.Status.error).getErrorReason())
        .isEqualTo("SANDBOX_LOST");
    awaitNothingPending();
  }

  /** Mounts the disk again. Home volumes that were created meanwhile are on the other one. */
  private void remountDisk() throws IOException {
    var made = sandboxes().resolve("sb-" + id);
    if (Files.exists(made)) Folders.delete(made);
    move(disk, sandboxes());
  }

  private void recover() {
    var _ =
        node.instances(key)
            .recoverInstance(
                RecoverInstanceRequest.newBuilder().setInstanceId(id).setWait(0).build());
  }

  private Instance stop() {
    return node.instances(key)
        .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
  }

  private int remove() {
    return node.operator("RemoveSandbox", request("sandbox_id", "sb-" + id)).statusCode();
  }

  private String reconciler() {
    return node.operator("GetReconciler").body();
  }

  private void awaitNothingPending() {
    Node.await(
        () -> {
          var pendingEffect = node.operator("ListPendingEffects").body();
          return pendingEffect.contains(id) ? pendingEffect : "";
        });
  }

  /** Waits for enough complete passes that the grace period is over. */
  private void awaitPasses() {
    long before = lists();
    Node.await(() -> lists() > before + 8 ? "" : "no pass");
  }

  private long lists() {
    return node.script().calls().stream().filter(call -> call.verb() == Verb.LIST).count();
  }

  private boolean runs() {
    return node.host().observe(Node.sandbox(id)).mainProcess() instanceof MainProcess.Up;
  }

  private Path sandboxes() {
    return home.resolve("sandboxes");
  }

  private Path memory() {
    return sandboxes().resolve("sb-" + id).resolve("home/memory");
  }

  private Path config() {
    return sandboxes().resolve("sb-" + id).resolve("home/.openclaw/openclaw.json");
  }

  private static void move(Path from, Path to) throws IOException {
    try (var found = Files.list(from)) {
      for (var path : found.filter(LostHomesTest::isSandbox).toList()) {
        Files.move(path, to.resolve(path.getFileName()), StandardCopyOption.ATOMIC_MOVE);
      }
    }
  }

  private static boolean isSandbox(Path path) {
    return String.valueOf(path.getFileName()).startsWith("sb-");
  }
}
