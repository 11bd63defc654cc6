package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.chowder.actor.OtherMember;
import dev.chowder.actor.StoredSnapshot;
import dev.chowder.base.Failpoints;
import dev.chowder.base.Ids;
import dev.chowder.storage.Database;
import dev.chowder.storage.JournalTags;
import dev.chowder.storage.TestStorage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests recovery from a real journal and its snapshots. The subclass chooses the database. */
abstract class InstancesContract {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-00000000000a");
  private static final int EVERY = 10;
  private static final int NEVER = 1_000_000;
  private static final byte[] GARBAGE = "no message".getBytes(StandardCharsets.UTF_8);

  @TempDir Path home;
  private TestStorage storage;
  private Node node;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void start() {
    storage = storage(home);
    node = Node.start(storage, EVERY);
  }

  @AfterEach
  void stop() {
    node.close();
    storage.close();
  }

  @Test
  void recoveryReadsTheSnapshotAndTheLaterEvents() throws Exception {
    var before = instanceWith(25);
    node.awaitSnapshots(10L, 20L);
    // Events before the snapshot are not read.
    node.overwrite(
        "UPDATE \"event_journal\" SET \"event_payload\" = ? WHERE \"sequence_number\" < 20");
    assertThat(afterRestart(EVERY)).isEqualTo(before);
  }

  @Test
  void recoveryOfANewInstanceReadsItsEventsAndNoSnapshot() throws Exception {
    node.close();
    node = Node.start(storage, EVERY, new InstanceId(Ids.next()));
    var before = instanceWith(20);
    node.awaitSnapshots(10L, 20L);
    // A recovery from this snapshot would find an older name.
    node.execute(
        "UPDATE \"snapshot\" SET \"snapshot_payload\" = (SELECT \"snapshot_payload\" FROM"
            + " \"snapshot\" WHERE \"sequence_number\" = 10) WHERE \"sequence_number\" = 20");
    assertThat(afterRestart(EVERY)).isEqualTo(before);
  }

  @Test
  void theHistoryOfAnOrganizationHasEachEventInOrder() throws Exception {
    var created = List.of(new InstanceId(Ids.next()), new InstanceId(Ids.next()), ID);
    var replies = new ArrayList<CompletableFuture<InstanceReply>>();
    for (var id : created) {
      replies.add(
          node.instances
              .ask(id, to -> new InstanceCommand.Create("key", States.PROFILE, T0, to))
              .toCompletableFuture());
    }
    for (var reply : replies) {
      assertThat(reply.get(LIMIT.toSeconds(), TimeUnit.SECONDS))
          .isInstanceOf(InstanceReply.Accepted.class);
    }
    // Persists several events at once.
    for (var id : created) node.instances.tell(id, report(Stage.OF_PROVISIONING));
    for (var id : created) {
      var view = node.ask(id, InstanceCommand.Get::new);
      assertThat(view.status().now()).isEqualTo(InstanceStatus.Name.RUNNING);
      assertThat(node.taggedEvents(id))
          .isEqualTo(LongStream.rangeClosed(1, view.revision()).boxed().toList());
    }
  }

  @Test
  void theHistoryOfAnOrganizationBeginsWithTheClaimOfAMember() throws Exception {
    long warm = pooled().revision();
    assertThat(node.taggedEvents(ID)).isEmpty();
    var claimed = node.ask(InstancesContract::claim);
    assertThat(claimed.status().now()).isEqualTo(InstanceStatus.Name.RUNNING);
    var _ = rename("later");
    assertThat(node.taggedEvents(ID)).containsExactly(warm + 1, warm + 2);
  }

  /** The claim is the message that starts the actor. */
  @Test
  void aMemberThatIsClaimedAfterARestartIsDiscarded() throws Exception {
    var _ = pooled();
    node.close();
    node = Node.start(storage, EVERY);
    assertThat(node.reply(ID, InstancesContract::claim))
        .isEqualTo(new InstanceReply.Refused(new InstanceRejection.AlreadyExists()));
    node.kit
        .createTestProbe()
        .awaitAssert(
            LIMIT, () -> assertThat(node.ask(InstanceCommand.Get::new).isTerminated()).isTrue());
    assertThat(node.taggedEvents(ID)).isEmpty();
  }

  private InstanceView pooled() throws Exception {
    var _ =
        node.ask(to -> new InstanceCommand.Warm(States.profile("warm", T0), States.SETUP, T0, to));
    node.instances.tell(ID, report(Stage.OF_WARMING));
    var view = node.ask(InstanceCommand.Get::new);
    assertThat(view.status().now()).isEqualTo(InstanceStatus.Name.POOLED);
    return view;
  }

  private static InstanceCommand claim(ActorRef<InstanceReply> replyTo) {
    return new InstanceCommand.Claim("key", States.PROFILE, States.SETUP, T0, replyTo);
  }

  @Test
  void aSnapshotOfAnotherVersionIsReplacedByTheEvents() throws Exception {
    var before = instanceWith(25);
    node.awaitSnapshots(10L, 20L);
    for (var stored : StoredSnapshot.ofInstance()) {
      stored.replaceAll(node.database);
      assertThat(afterRestart(EVERY)).as(stored.of()).isEqualTo(before);
      node.awaitSnapshots(25L);
    }
    assertThat(rename("again").revision()).isEqualTo(before.revision() + 1);
  }

  /** Failures to read snapshots could open the circuit breaker of the database. */
  @Test
  void manyUnreadableSnapshotsAreReplacedAtOnce() throws Exception {
    var ids =
        IntStream.range(10, 30)
            .mapToObj(n -> new InstanceId("0190a000-0000-7000-8000-0000000000" + n))
            .toList();
    for (var id : ids) {
      node = node.of(id);
      var _ = instanceWith(EVERY + 1);
      node.awaitSnapshots((long) EVERY);
    }
    StoredSnapshot.ofInstance().getFirst().replaceAll(node.database);
    node.close();
    node = Node.start(storage, EVERY);
    ids.forEach(node.instances::activate);
    for (var id : ids) node.of(id).awaitSnapshots(EVERY + 1L);
  }

  @Test
  void recoveryFromALongJournalTakesASnapshot() throws Exception {
    node.close();
    node = Node.start(storage, NEVER);
    var _ = instanceWith(25);
    assertThat(node.snapshots()).isEmpty();
    node.close();
    node = Node.start(storage, EVERY);
    assertThat(node.ask(InstanceCommand.Get::new).revision()).isEqualTo(25);
    node.awaitSnapshots(25L);
  }

  @Test
  void anEventThatAnOlderMemberCannotReadIsNotWrittenUntilItLeaves() throws Exception {
    node.ask(replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    for (var stage : Stage.OF_PROVISIONING) node.instances.tell(ID, report(List.of(stage)));
    var running = node.ask(InstanceCommand.Get::new);
    assertThat(running.status().now()).isEqualTo(InstanceStatus.Name.RUNNING);
    var down = new InstanceCommand.ObservedState.Down("ENGINE_RESTARTED", "gateway: ended", false);
    var policy = new InstanceCommand.RestartPolicy(1, Duration.ofMinutes(10));
    var lost = new InstanceCommand.Observed(1, down, policy, T0);
    try (var _ = OtherMember.join(node.kit.system(), "0.0.0")) {
      node.instances.tell(ID, lost);
      assertThat(node.ask(InstanceCommand.Get::new)).isEqualTo(running);
      assertThat(rename("readable by both").revision()).isEqualTo(running.revision() + 1);
    }
    node.instances.tell(ID, lost);
    assertThat(node.ask(InstanceCommand.Get::new).revision()).isEqualTo(running.revision() + 2);
  }

  private static InstanceCommand.Report report(List<Stage> stages) {
    return new InstanceCommand.StagesFinished(
        1,
        stages.stream()
            .map(stage -> States.finished(1, stage))
            .map(
                done ->
                    new InstanceCommand.Finished(
                        done.done(), done.endpoint(), 0, "", false, Optional.empty(), T0))
            .toList());
  }

  /** Returns the state after this number of events. */
  private InstanceView instanceWith(int events) throws Exception {
    var view = node.ask(replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    for (int n = 2; n <= events; n++) view = rename("name " + n);
    return view;
  }

  private InstanceView rename(String name) throws Exception {
    return node.ask(replyTo -> Updates.rename(name, replyTo));
  }

  private InstanceView afterRestart(int snapshotEvery) throws Exception {
    node.close();
    node = Node.start(storage, snapshotEvery, node.id);
    return node.ask(InstanceCommand.Get::new);
  }

  /** One node with its own database, without effects and read side. */
  private record Node(Database database, ActorTestKit kit, Instances instances, InstanceId id)
      implements AutoCloseable {
    static Node start(TestStorage storage, int snapshotEvery) {
      return start(storage, snapshotEvery, ID);
    }

    static Node start(TestStorage storage, int snapshotEvery, InstanceId id) {
      Config config = OtherMember.HOSTING_ENTITIES.withFallback(storage.config());
      var database = storage.open();
      var kit = ActorTestKit.create("instances", config);
      var cluster = Cluster.get(kit.system());
      cluster.manager().tell(Join.create(cluster.selfMember().address()));
      var settings =
          new InstanceSettings(LIMIT, Duration.ofSeconds(1), LIMIT, LIMIT, 2, snapshotEvery);
      var instances = Instances.of(kit.system(), settings);
      instances.host(
          (_, _, _, _) -> {},
          (_, _) -> CompletableFuture.completedFuture(Done.done()),
          Failpoints.NONE,
          States.TRANSITIONS);
      return new Node(database, kit, instances, id);
    }

    /** Returns this node for the use of another instance. */
    Node of(InstanceId other) {
      return new Node(database, kit, instances, other);
    }

    InstanceView ask(Function<ActorRef<InstanceReply>, InstanceCommand> command) throws Exception {
      return ask(id, command);
    }

    InstanceView ask(InstanceId of, Function<ActorRef<InstanceReply>, InstanceCommand> command)
        throws Exception {
      return ((InstanceReply.Accepted) reply(of, command)).view();
    }

    InstanceReply reply(InstanceId of, Function<ActorRef<InstanceReply>, InstanceCommand> command)
        throws Exception {
      return instances
          .ask(of, command)
          .toCompletableFuture()
          .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /** Returns the sequence number of the last event in each snapshot that was not replaced. */
    List<Long> snapshots() {
      return database
          .jdbi()
          .withHandle(
              handle ->
                  handle
                      .createQuery(
                          "SELECT \"sequence_number\" FROM \"snapshot\" WHERE \"persistence_id\" ="
                              + " ? AND \"created\" > 0 ORDER BY \"sequence_number\"")
                      .bind(0, persistenceId(id))
                      .mapTo(Long.class)
                      .list());
    }

    private static String persistenceId(InstanceId id) {
      return InstanceEntity.ENTITY_KEY.name() + "|" + id.value();
    }

    /** Returns the sequence numbers of an instance's events in its organization's history. */
    List<Long> taggedEvents(InstanceId of) {
      return database
          .jdbi()
          .withHandle(
              handle ->
                  handle
                      .createQuery(
                          "SELECT j.\"sequence_number\" FROM \"event_tag\" t JOIN"
                              + " \"event_journal\" j ON j.\"ordering\" = t.\"event_id\" WHERE"
                              + " t.\"tag\" = ? AND j.\"persistence_id\" = ? ORDER BY"
                              + " j.\"ordering\"")
                      .bind(0, JournalTags.of(States.PROFILE.organizationId()))
                      .bind(1, persistenceId(of))
                      .mapTo(Long.class)
                      .list());
    }

    void execute(String update) {
      database.jdbi().useHandle(handle -> handle.execute(update));
    }

    /** Snapshots are written concurrently with the replies. */
    void awaitSnapshots(Long... numbers) {
      kit.createTestProbe()
          .awaitAssert(
              LIMIT,
              () -> {
                assertThat(snapshots()).containsExactly(numbers);
                return numbers;
              });
    }

    void overwrite(String update) {
      assertThat(
              database
                  .jdbi()
                  .<Integer, RuntimeException>withHandle(h -> h.execute(update, GARBAGE)))
          .isPositive();
    }

    @Override
    public void close() {
      kit.shutdownTestKit();
      database.close();
    }
  }
}
