package dev.chowder.organization;

import static dev.chowder.organization.Samples.T0;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.chowder.actor.JournalVersion;
import dev.chowder.actor.OtherMember;
import dev.chowder.actor.StoredSnapshot;
import dev.chowder.base.Failpoints;
import dev.chowder.storage.Database;
import dev.chowder.storage.JournalTags;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.TestStorage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.persistence.jdbc.query.javadsl.JdbcReadJournal;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests a real single node: sharding, the journal, and the state after a restart. The subclass
 * chooses the database.
 */
abstract class OrganizationsContract {
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final OrganizationSettings SETTINGS =
      new OrganizationSettings(TIMEOUT, Duration.ofSeconds(1), 50, 20);

  private static final byte[] GARBAGE = "no message".getBytes(StandardCharsets.UTF_8);

  @TempDir Path home;
  private TestStorage storage;
  private Node node;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void start() {
    storage = storage(home);
    node = Node.start(storage);
  }

  @AfterEach
  void stop() {
    node.close();
    storage.close();
  }

  @Test
  void twoHundredConcurrentReservationsOfACrabGiveExactlyTenSlots() throws Exception {
    crabWithOpenai();
    List<CompletableFuture<OrganizationReply>> replies = new ArrayList<>();
    for (int n = 0; n < 200; n++) {
      String instance = "instance-" + n;
      replies.add(
          node.send(
              replyTo ->
                  new OrganizationCommand.ReserveSlot(
                      "key", instance, ModelProvider.OPENAI, T0, replyTo)));
    }
    int accepted = 0;
    for (CompletableFuture<OrganizationReply> reply : replies) {
      switch (reply.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
        case OrganizationReply.Accepted _ -> accepted++;
        case OrganizationReply.Refused(var why) ->
            assertThat(why).isEqualTo(new OrganizationRejection.LimitReached(10, 10));
        case OrganizationReply.Slots slots -> throw new AssertionError(slots);
      }
    }
    assertThat(accepted).isEqualTo(10);
    // Replies about slots do not wait for the row; the next change does.
    node.ask(replyTo -> new OrganizationCommand.SetTier(Tier.LOBSTER, T0, replyTo));
    assertThat(node.rows.get(Samples.ID).orElseThrow().slots()).isEqualTo(10);
  }

  @Test
  void stateSurvivesARestartWithSnapshots() throws Exception {
    var before = crabThatUsedSlots();
    assertThat(afterARestart()).isEqualTo(before);
    assertThat(node.ask(OrganizationCommand.GetSlots::new))
        .isEqualTo(new OrganizationReply.Slots(Map.of("last", T0)));
  }

  @Test
  void recoveryReadsTheSnapshotAndTheLaterEvents() throws Exception {
    var before = crabThatUsedSlots();
    // Events before the snapshot are not read.
    node.overwrite(
        "UPDATE \"event_journal\" SET \"event_payload\" = ? WHERE \"sequence_number\" < 50",
        GARBAGE);
    assertThat(afterARestart()).isEqualTo(before);
  }

  @Test
  void aSnapshotOfAnotherVersionIsReplacedByTheEvents() throws Exception {
    var before = crabThatUsedSlots();
    for (var stored : StoredSnapshot.ofOrganization()) {
      stored.replaceAll(node.database);
      assertThat(afterARestart()).as(stored.of()).isEqualTo(before);
      node.awaitNewSnapshot();
    }
  }

  @Test
  void eventsThatAnOlderMemberCannotReadAreRejectedWhileItIsAMember() throws Exception {
    crabWithOpenai();
    try (var _ = OtherMember.join(node.kit.system(), "0.0.0")) {
      assertThat(node.ask(replyTo -> new OrganizationCommand.Suspend(T0, replyTo)))
          .isEqualTo(new OrganizationReply.Refused(new OrganizationRejection.UpgradeUnderWay()));
      assertThat(node.ask(replyTo -> new OrganizationCommand.SetTier(Tier.LOBSTER, T0, replyTo)))
          .as("an event that it can read")
          .isInstanceOf(OrganizationReply.Accepted.class);
      assertThat(node.events()).isEqualTo(4);
    }
    assertThat(node.ask(replyTo -> new OrganizationCommand.Suspend(T0, replyTo)))
        .isInstanceOf(OrganizationReply.Accepted.class);
    assertThat(node.events()).isEqualTo(5);
  }

  @Test
  void aMemberOfTheSameVersionBlocksNoEvent() throws Exception {
    crabWithOpenai();
    try (var _ = OtherMember.join(node.kit.system(), JournalVersion.CURRENT + ".0.0")) {
      assertThat(node.ask(replyTo -> new OrganizationCommand.Suspend(T0, replyTo)))
          .isInstanceOf(OrganizationReply.Accepted.class);
    }
  }

  @Test
  void aRowThatWasLostInACrashIsRepairedByTheNextRecovery() throws Exception {
    crabWithOpenai();
    node.database.jdbi().useHandle(handle -> handle.execute("DELETE FROM organizations"));
    node.close();
    node = Node.start(storage);
    assertThat(node.rows.get(Samples.ID)).isEmpty();
    OrganizationReply.Accepted now =
        (OrganizationReply.Accepted) node.ask(OrganizationCommand.Get::new);
    // The first reply does not wait for the row; the next change does.
    node.ask(replyTo -> new OrganizationCommand.SetTier(Tier.LOBSTER, T0, replyTo));
    OrganizationRow row = node.rows.get(Samples.ID).orElseThrow();
    assertThat(row.revision()).isEqualTo(now.view().revision() + 1);
    assertThat(OrganizationReadRows.view(row).tier()).isEqualTo(Tier.LOBSTER);
  }

  @Test
  void theHistoryOfAnOrganizationIsFoundByItsTag() throws Exception {
    crabWithOpenai();
    JdbcReadJournal journal =
        PersistenceQuery.get(node.kit.system())
            .getReadJournalFor(JdbcReadJournal.class, JdbcReadJournal.Identifier());
    List<Long> numbers =
        journal
            .currentEventsByTag(JournalTags.of(Samples.ID), Offset.noOffset())
            .map(envelope -> envelope.sequenceNr())
            .runWith(Sink.seq(), node.kit.system())
            .toCompletableFuture()
            .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    assertThat(numbers).containsExactly(1L, 2L, 3L);
  }

  /** Creates an organization with more than 200 events, and snapshots after some of them. */
  private OrganizationReply crabThatUsedSlots() throws Exception {
    crabWithOpenai();
    for (int n = 0; n < 120; n++) {
      node.ask(
          replyTo ->
              new OrganizationCommand.ReserveSlot("key", "i", ModelProvider.OPENAI, T0, replyTo));
      node.ask(replyTo -> new OrganizationCommand.ReleaseSlot("i", T0, replyTo));
    }
    var before =
        node.ask(
            replyTo ->
                new OrganizationCommand.ReserveSlot(
                    "key", "last", ModelProvider.OPENAI, T0, replyTo));
    node.awaitSnapshot();
    return before;
  }

  private OrganizationReply afterARestart() throws Exception {
    node.close();
    node = Node.start(storage);
    return node.ask(OrganizationCommand.Get::new);
  }

  private void crabWithOpenai() throws Exception {
    node.ask(replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
    node.ask(replyTo -> new OrganizationCommand.SetTier(Tier.CRAB, T0, replyTo));
    node.ask(
        replyTo ->
            new OrganizationCommand.Update(
                "key",
                Optional.empty(),
                Map.of(ModelProvider.OPENAI, "v1"),
                Set.of(),
                Map.of(),
                T0,
                replyTo));
  }

  /** One node on its own database. */
  private record Node(
      Database database,
      OrganizationRows rows,
      ActorTestKit kit,
      Organizations organizations,
      ExecutorService blocking)
      implements AutoCloseable {
    static Node start(TestStorage storage) {
      Config config = OtherMember.HOSTING_ENTITIES.withFallback(storage.config());
      Database database = storage.open();
      ActorTestKit kit = ActorTestKit.create("organizations", config);
      Cluster cluster = Cluster.get(kit.system());
      cluster.manager().tell(Join.create(cluster.selfMember().address()));
      ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
      OrganizationRows rows = new OrganizationRows(database);
      return new Node(
          database,
          rows,
          kit,
          Organizations.init(
              kit.system(), new OrganizationReadRows(rows, blocking), SETTINGS, Failpoints.NONE),
          blocking);
    }

    CompletableFuture<OrganizationReply> send(
        Function<ActorRef<OrganizationReply>, OrganizationCommand> command) {
      return organizations.ask(Samples.ID, command).toCompletableFuture();
    }

    OrganizationReply ask(Function<ActorRef<OrganizationReply>, OrganizationCommand> command)
        throws Exception {
      return send(command).get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }

    /** Replaces stored bytes. */
    void overwrite(String update, byte[] bytes) {
      assertThat(
              database.jdbi().<Integer, RuntimeException>withHandle(h -> h.execute(update, bytes)))
          .isPositive();
    }

    int events() {
      return database
          .jdbi()
          .withHandle(
              handle ->
                  handle
                      .createQuery("SELECT COUNT(*) FROM \"event_journal\"")
                      .mapTo(Integer.class)
                      .one());
    }

    /** Waits for the snapshot after a recovery that read many events. */
    void awaitNewSnapshot() {
      awaitSnapshots("SELECT COUNT(*) FROM \"snapshot\" WHERE \"created\" > 0");
    }

    /** Waits for a snapshot: replies do not wait for it. */
    void awaitSnapshot() {
      awaitSnapshots("SELECT COUNT(*) FROM \"snapshot\"");
    }

    private void awaitSnapshots(String count) {
      kit.createTestProbe()
          .awaitAssert(
              TIMEOUT,
              () -> {
                int snapshots =
                    database
                        .jdbi()
                        .withHandle(handle -> handle.createQuery(count).mapTo(Integer.class).one());
                assertThat(snapshots).isPositive();
                return snapshots;
              });
    }

    @Override
    public void close() {
      kit.shutdownTestKit();
      blocking.close();
      database.close();
    }
  }
}
