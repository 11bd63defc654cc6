package dev.chowder.cluster;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.chowder.base.Await;
import dev.chowder.storage.Database;
import dev.chowder.storage.MemberSession;
import dev.chowder.storage.TestStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the rules for forming and joining a cluster on one PostgreSQL, and the loss of sessions.
 */
@Timeout(120)
class MembershipIT {
  private static final Duration WAIT = Duration.ofSeconds(4);
  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Tolerance for a busy machine. */
  private static final Duration TOLERANCE = Duration.ofSeconds(15);

  private static final MemberSession.Limits LIMITS =
      new MemberSession.Limits(Duration.ofSeconds(1), Duration.ofSeconds(5));
  private static final Duration CHECK = Duration.ofMillis(500);

  /** A dead process that never left. */
  private static final MemberSession.Member DEAD =
      new MemberSession.Member("0-dead", "process 1 on elsewhere");

  @TempDir Path home;

  private final List<Membership> open = new ArrayList<>();
  private TestStorage storage;
  private Database database;

  @BeforeEach
  void make() {
    storage = TestStorage.postgres(home);
    database = storage.open();
  }

  @AfterEach
  void end() {
    open.forEach(Membership::close);
    database.close();
    storage.close();
  }

  @Test
  void theFirstNodeFormsAClusterAtOnceAndTheSecondIsRefusedAfterTheWait() throws Exception {
    var first = at("a");
    assertThat(answer(first.tryForm())).isTrue();
    assertThat(answer(first.tryForm())).as("second attempt").isTrue();
    var second = at("b");
    long began = System.nanoTime();
    var formed = second.form().toCompletableFuture();
    Await.until(LIMIT, () -> second.refusal().isPresent());
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isBetween(WAIT, WAIT.plus(TOLERANCE));
    assertThat(second.refusal().orElseThrow())
        .startsWith("cannot form a cluster on this database: it belongs to cluster ")
        .contains("members [process " + ProcessHandle.current().pid() + " on ");
    assertThat(formed).isNotDone();
    assertThat(first.lost().toCompletableFuture()).isNotDone();
  }

  @Test
  void nodesJoinTheRecordedClusterAndOtherClustersWaitUntilTheyLeave() throws Exception {
    var first = at("a");
    var second = at("b");
    assertThat(answer(second.tryJoin())).as("no cluster").isFalse();
    assertThat(answer(first.tryForm())).isTrue();
    assertThat(answer(second.tryJoin())).isTrue();
    first.close();
    var third = at("c");
    assertThat(answer(third.tryForm())).as("the second is a member").isFalse();
    second.close();
    assertThat(answer(third.tryForm())).as("all have left").isTrue();
    assertThat(members()).hasSize(1);
  }

  @Test
  void aNodeWaitsForADeadProcessUnlessItIsReplaced() throws Exception {
    die();
    var elsewhere = at("b");
    assertThat(answer(elsewhere.tryForm())).isFalse();
    assertThat(elsewhere.isWaiting()).isTrue();
    // A process that replaces the dead one, with the same file, proves that it is dead.
    try (var file = MemberFile.lock(home.resolve("members").resolve("a"))) {
      file.write(DEAD.node());
    }
    var successor = at("a");
    assertThat(answer(successor.tryForm())).isTrue();
  }

  @Test
  void aNodeWaitsForADeadProcessOnlyForTheFormationWait() throws Exception {
    die();
    var node = at("b");
    long began = System.nanoTime();
    node.form().toCompletableFuture().get(LIMIT.toSeconds(), SECONDS);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isBetween(WAIT, WAIT.plus(TOLERANCE));
  }

  @Test
  void aNodeWhoseMemberFileIsLockedFormsNoCluster() throws Exception {
    var first = at("a");
    assertThat(answer(first.tryForm())).isTrue();
    // As in another process, this attempt finds the file locked.
    var second = at("a");
    assertThat(answer(second.tryForm())).isFalse();
    assertThat(members()).hasSize(1);
  }

  /**
   * The member with the original state directory still runs; it has only lost its session for a
   * moment.
   */
  @Test
  void aCopiedStateDirectoryDoesNotProveThatItsMemberIsDead() throws Exception {
    die();
    var original = home.resolve("members").resolve("a");
    try (var member = MemberFile.lock(original)) {
      member.write(DEAD.node());
      Files.createDirectory(home.resolve("copy"));
      Files.copy(original, home.resolve("copy").resolve("a"), StandardCopyOption.COPY_ATTRIBUTES);
      var copied = at(home.resolve("copy").resolve("a"));
      assertThat(answer(copied.tryForm())).isFalse();
      assertThat(copied.isWaiting()).isTrue();
      assertThat(members()).containsExactly(DEAD.node());
    }
  }

  @Test
  void aMemberThatLosesItsSessionReturnsBeforeAnotherMayForm() throws Exception {
    var member = at("a");
    assertThat(answer(member.tryForm())).isTrue();
    var candidate = at("b");
    var before = holders();
    endSessions(before);
    var _ = candidate.form();
    Await.until(LIMIT, () -> holders().size() == 1 && !holders().equals(before));
    Await.until(LIMIT, () -> candidate.refusal().isPresent());
    assertThat(member.lost().toCompletableFuture()).isNotDone();
  }

  @Test
  void aMemberIsLostOnlyWhenTheRowNamesAnotherCluster() throws Exception {
    var member = at("a");
    assertThat(answer(member.tryForm())).isTrue();
    execute("DELETE FROM cluster_identity");
    endSessions(holders());
    Await.until(LIMIT, () -> count("cluster_identity") == 1 && holders().size() == 1);
    assertThat(member.lost().toCompletableFuture()).isNotDone();

    execute("UPDATE cluster_identity SET cluster = 'other', formed_by = 'process 2 on beta'");
    assertThat(member.lost().toCompletableFuture().get(LIMIT.toSeconds(), SECONDS))
        .isEqualTo("the database belongs to cluster other now, formed by process 2 on beta");
  }

  @Test
  void theLockOfAnUnresponsiveMachineIsReleasedInTime() throws Exception {
    var member = at("a");
    assertThat(answer(member.tryForm())).isTrue();
    var holder = holders();
    int port =
        database
            .jdbi()
            .withHandle(
                handle ->
                    handle
                        .createQuery("SELECT client_port FROM pg_stat_activity WHERE pid = :pid")
                        .bind("pid", holder.getFirst())
                        .mapTo(Integer.class)
                        .one());
    // Simulates a power failure: not even the kernel responds.
    var silence = List.of("-p", "tcp", "--sport", Integer.toString(port), "-j", "DROP");
    assumeTrue(
        firewall("-I", silence), "packets cannot be dropped here: it takes root and iptables");
    try {
      long began = System.nanoTime();
      Await.until(LIMIT, () -> !holders().contains(holder.getFirst()));
      assertThat(Duration.ofNanos(System.nanoTime() - began))
          .isLessThan(LIMITS.dead().plus(TOLERANCE));
    } finally {
      assertThat(firewall("-D", silence)).isTrue();
    }
    // The member still runs: only its connection was cut, and it opens a new session.
    Await.until(LIMIT, () -> holders().size() == 1);
    assertThat(member.lost().toCompletableFuture()).isNotDone();
  }

  private static boolean firewall(String change, List<String> rule) throws Exception {
    var command = new ArrayList<>(List.of("iptables", "-w", "5", change, "OUTPUT"));
    command.addAll(rule);
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getInputStream().readAllBytes();
      return process.waitFor() == 0;
    } catch (IOException missing) {
      return false;
    }
  }

  /** Records a cluster of one process that has no session. */
  private void die() {
    try (var session = MemberSession.open(storage.settings(), LIMITS)) {
      assertThat(session.form("previous", DEAD, false))
          .isInstanceOf(MemberSession.Formation.Formed.class);
    }
  }

  private Membership at(String place) {
    return at(home.resolve("members").resolve(place));
  }

  private Membership at(Path file) {
    var settings = new MembershipSettings(file, WAIT, CHECK, LIMITS);
    var membership = Membership.open(storage.settings(), settings);
    open.add(membership);
    return membership;
  }

  private static boolean answer(CompletionStage<Boolean> attempt) throws Exception {
    return attempt.toCompletableFuture().get(LIMIT.toSeconds(), SECONDS);
  }

  private List<String> members() {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle.createQuery("SELECT node FROM cluster_members").mapTo(String.class).list());
  }

  private int count(String table) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle.createQuery("SELECT count(*) FROM " + table).mapTo(Integer.class).one());
  }

  /** Returns the ids of PostgreSQL's processes whose sessions hold the cluster's lock. */
  private List<Integer> holders() {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery(
                        "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE"
                            + " locktype = 'advisory' AND mode = 'ShareLock' AND granted AND"
                            + " datname = current_database()")
                    .mapTo(Integer.class)
                    .list());
  }

  private void endSessions(List<Integer> pids) {
    for (int pid : pids) execute("SELECT pg_terminate_backend(" + pid + ")");
  }

  private void execute(String statement) {
    database.jdbi().useHandle(handle -> handle.execute(statement));
  }
}
