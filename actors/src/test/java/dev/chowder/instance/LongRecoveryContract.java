package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.OtherMember;
import dev.chowder.actor.StoredSnapshot;
import dev.chowder.base.Failpoints;
import dev.chowder.organization.ModelProvider;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReadRows;
import dev.chowder.organization.OrganizationSettings;
import dev.chowder.organization.Organizations;
import dev.chowder.organization.Tier;
import dev.chowder.storage.Database;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Measures the first recovery after an upgrade that ignores the snapshot, and the next one. Prints
 * the seconds until the first reply of a node that is up. Callers whose calls time out meanwhile
 * repeat them, and the recovery continues. The subclass chooses the database.
 */
@Tag("soak")
abstract class LongRecoveryContract {
  private static final int EVENTS = 200_000;
  private static final Duration LIMIT = Duration.ofMinutes(3);

  /** Shorter than the first recovery on any machine. */
  private static final Duration ASK_TIMEOUT = Duration.ofMillis(500);

  private static final InstanceId INSTANCE = new InstanceId("0190a000-0000-7000-8000-00000000000a");
  private static final InstanceId OTHER = new InstanceId("0190a000-0000-7000-8000-00000000000b");
  private static final String ORGANIZATION = "0190a000-0000-7000-8000-00000000000c";

  @TempDir Path home;
  private TestStorage storage;
  private Node node;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  /** Returns SQL for a table with the numbers of a range in the column {@code n}. */
  abstract String range();

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
  void instance() throws Exception {
    untilReply(
        () ->
            node.instances.ask(
                INSTANCE, to -> new InstanceCommand.Create("", States.PROFILE, T0, to)));
    untilReply(
        () ->
            node.instances.ask(
                INSTANCE,
                to ->
                    new InstanceCommand.Update(
                        "",
                        Optional.of("b"),
                        Map.of(),
                        Optional.empty(),
                        Optional.empty(),
                        T0,
                        to)));
    fill("Instance|" + INSTANCE.value(), 2, "2");
    StoredSnapshot.ofInstance().getFirst().insert(node.database, "Instance|" + INSTANCE.value());
    measure("instance", () -> node.instances.ask(INSTANCE, InstanceCommand.Get::new));
  }

  @Test
  void organization() throws Exception {
    var organizations = node.organizations;
    untilReply(
        () ->
            organizations.ask(
                ORGANIZATION, to -> new OrganizationCommand.SignUp("acme", "request", T0, to)));
    untilReply(
        () ->
            organizations.ask(
                ORGANIZATION, to -> new OrganizationCommand.SetTier(Tier.CRAB, T0, to)));
    untilReply(
        () ->
            organizations.ask(
                ORGANIZATION,
                to ->
                    new OrganizationCommand.Update(
                        "",
                        Optional.empty(),
                        Map.of(ModelProvider.OPENAI, "v1"),
                        Set.of(),
                        Map.of(),
                        T0,
                        to)));
    untilReply(
        () ->
            organizations.ask(
                ORGANIZATION,
                to -> new OrganizationCommand.ReserveSlot("", "i", ModelProvider.OPENAI, T0, to)));
    untilReply(
        () ->
            organizations.ask(
                ORGANIZATION, to -> new OrganizationCommand.ReleaseSlot("i", T0, to)));
    fill("Organization|" + ORGANIZATION, 5, "4 + MOD(n, 2)");
    StoredSnapshot.ofOrganization().get(1).insert(node.database, "Organization|" + ORGANIZATION);
    measure(
        "organization", () -> node.organizations.ask(ORGANIZATION, OrganizationCommand.Get::new));
  }

  /** Appends copies of existing events. */
  private void fill(String persistenceId, int existing, String copied) {
    node.database
        .jdbi()
        .useHandle(
            handle ->
                handle.execute(
                    ("INSERT INTO \"event_journal\" (\"persistence_id\", \"sequence_number\","
                            + " \"deleted\", \"writer\", \"write_timestamp\","
                            + " \"adapter_manifest\", \"event_ser_id\", \"event_ser_manifest\","
                            + " \"event_payload\") SELECT \"persistence_id\", n, \"deleted\","
                            + " \"writer\", \"write_timestamp\", \"adapter_manifest\","
                            + " \"event_ser_id\", \"event_ser_manifest\", \"event_payload\" FROM"
                            + " %s JOIN \"event_journal\" ON \"persistence_id\" = ? AND"
                            + " \"sequence_number\" = %s")
                        .formatted(range().formatted(existing + 1, EVENTS), copied),
                    persistenceId));
  }

  private interface Call {
    CompletionStage<?> send();
  }

  /**
   * The calls until the first reply.
   *
   * @param seconds time until the reply
   * @param timeouts number of calls before that timed out
   */
  private record Measured(double seconds, int timeouts) {}

  private void measure(String entity, Call get) throws Exception {
    var first = afterRestart(get);
    node.awaitNewSnapshot();
    var next = afterRestart(get);
    System.out.printf(
        "%-12s | %-16s | %,d events | first recovery after the upgrade %.1f s | next one %.2f s%n",
        entity, getClass().getSimpleName(), EVENTS, first.seconds(), next.seconds());
    assertThat(first.timeouts()).isPositive();
    assertThat(next.seconds()).isLessThan(first.seconds());
  }

  private Measured afterRestart(Call get) throws Exception {
    node.close();
    node = Node.start(storage);
    // Shards of a node start at its first messages.
    untilReply(() -> node.instances.ask(OTHER, InstanceCommand.Get::new));
    untilReply(() -> node.organizations.ask(OTHER.value(), OrganizationCommand.Get::new));
    return untilReply(get);
  }

  private static Measured untilReply(Call call) throws Exception {
    long began = System.nanoTime();
    for (int timeouts = 0; ; timeouts++) {
      try {
        await(call.send());
        return new Measured((System.nanoTime() - began) / 1e9, timeouts);
      } catch (ExecutionException why) {
        assertThat(why).hasCauseInstanceOf(TimeoutException.class);
        assertThat(System.nanoTime() - began).isLessThan(LIMIT.toNanos());
      }
    }
  }

  private static void await(CompletionStage<?> reply) throws Exception {
    var _ = reply.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private record Node(
      Database database, ActorTestKit kit, Instances instances, Organizations organizations)
      implements AutoCloseable {
    static Node start(TestStorage storage) {
      var database = storage.open();
      var kit =
          ActorTestKit.create(
              "recovery", OtherMember.HOSTING_ENTITIES.withFallback(storage.config()));
      var cluster = Cluster.get(kit.system());
      cluster.manager().tell(Join.create(cluster.selfMember().address()));
      var instances =
          Instances.of(
              kit.system(), new InstanceSettings(ASK_TIMEOUT, LIMIT, LIMIT, LIMIT, 2, 200));
      instances.host(
          (_, _, _, _) -> {},
          (_, _) -> CompletableFuture.completedFuture(Done.done()),
          Failpoints.NONE,
          States.TRANSITIONS);
      var readSide = new OrganizationReadRows(new OrganizationRows(database), Runnable::run);
      var organizations =
          Organizations.init(
              kit.system(),
              readSide,
              new OrganizationSettings(ASK_TIMEOUT, LIMIT, 500, 500),
              Failpoints.NONE);
      return new Node(database, kit, instances, organizations);
    }

    void awaitNewSnapshot() {
      kit.createTestProbe()
          .awaitAssert(
              LIMIT,
              () -> {
                int snapshots =
                    database
                        .jdbi()
                        .withHandle(
                            handle ->
                                handle
                                    .createQuery(
                                        "SELECT COUNT(*) FROM \"snapshot\" WHERE"
                                            + " \"sequence_number\" = ?")
                                    .bind(0, EVENTS)
                                    .mapTo(Integer.class)
                                    .one());
                assertThat(snapshots).isEqualTo(1);
                return snapshots;
              });
    }

    @Override
    public void close() {
      kit.shutdownTestKit();
      database.close();
    }
  }
}
