package dev.chowder.hostport;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.NodePorts;
import dev.chowder.gateway.CountedStatements;
import dev.chowder.hostport.HostPortAccess.HostPort;
import dev.chowder.hostport.HostPortAccess.State;
import dev.chowder.settings.SettingsBinder;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.HostPortRows;
import dev.chowder.storage.TestStorage;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests which ports of the host's loopback are open to sandboxes, and when. */
class HostPortAccessTest {
  private static final HostPortSettings SETTINGS =
      new HostPortSettings(
          Set.of(11434, 1234), Set.of(22, 9901), 8080, 9096, Duration.ofSeconds(30));
  private static final int CHANNEL = 8065;
  private static final int OTHER_NODE = 9100;

  @TempDir Path home;
  private final AtomicInteger notified = new AtomicInteger();
  private volatile Runnable slow = () -> {};
  private Instant now = Instant.parse("2026-03-01T10:00:00Z");
  private SimpleMeterRegistry metrics;
  private Database database;
  private HostPortRows rows;
  private SimulatedEngine engine;
  private HostPortAccess access;

  @BeforeEach
  void open() {
    database = TestStorage.open(home);
    rows = new HostPortRows(database);
    engine = new SimulatedEngine(FakeSandboxSettings.instant());
    metrics = new SimpleMeterRegistry();
    access = node();
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
  }

  private HostPortAccess node() {
    var nodes =
        new NodePorts() {
          @Override
          public void changed() {
            notified.incrementAndGet();
          }

          @Override
          public Set<Integer> ownPorts() {
            slow.run();
            return Set.of(9090, OTHER_NODE);
          }
        };
    return new HostPortAccess(rows, engine, SETTINGS, Set.of(CHANNEL), nodes, () -> now, metrics);
  }

  @Test
  void envoysPortIsNeverOpenedEvenIfCallersUseThePortOfAProxy() {
    var config =
        ConfigFactory.parseMap(
                Map.of("chowder.host-ports.rest-port", 18443, "chowder.gateway.port", 443))
            .withFallback(ConfigFactory.load());
    assertThat(SettingsBinder.bind(config, HostPortSettings.class).closed())
        .contains(18443, 22, 5432);
  }

  @Test
  void aBaseUrlMayNameOnlyListedPorts() {
    assertThat(access.mayName(11434)).isTrue();
    assertThat(access.mayName(1234)).isTrue();
    for (int port : new int[] {22, 80, 5432, 9090, OTHER_NODE, 9093, 9901}) {
      assertThat(access.mayName(port)).as("%s", port).isFalse();
    }
  }

  @Test
  void metricsAreReadWhileARefreshWaits() throws InterruptedException {
    access.use("a", 8000);
    var reached = new CountDownLatch(1);
    var answer = new CountDownLatch(1);
    slow =
        () -> {
          reached.countDown();
          awaitAnswer(answer);
        };
    var refresh = Thread.ofVirtual().start(access::refresh);
    try {
      assertThat(reached.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(
              CompletableFuture.supplyAsync(
                  () -> metrics.get("chowder.host.ports.unlisted").gauge().value()))
          .succeedsWithin(Duration.ofSeconds(20))
          .isEqualTo(1.0);
    } finally {
      answer.countDown();
      refresh.join();
    }
  }

  private static void awaitAnswer(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aListedPortIsOpenWhileAnOrganizationUsesIt() {
    access.refresh();
    assertThat(engine.host().openHostPorts()).containsExactly(CHANNEL);
    assertThat(access.use("a", 11434)).isEqualTo(State.LISTED);
    assertThat(access.use("b", 11434)).isEqualTo(State.LISTED);
    assertThat(engine.host().openHostPorts()).containsExactlyInAnyOrder(CHANNEL, 11434);
    assertThat(notified).as("nodes are notified once").hasValue(1);

    now = now.plusSeconds(120);
    access.reconcile(Map.of(11434, Set.of("b")), now.minusSeconds(60));
    assertThat(engine.host().openHostPorts()).contains(11434);
    access.reconcile(Map.of(), now.minusSeconds(60));
    assertThat(engine.host().openHostPorts()).containsExactly(CHANNEL);
  }

  @Test
  void aUseThatWasRecordedWithinASecondNeedsNoStatement() {
    // The first use opens the port, and the second one is remembered.
    access.use("a", 11434);
    access.use("a", 11434);
    var statements = new CountedStatements(database);
    assertThat(access.use("a", 11434)).isEqualTo(State.LISTED);
    assertThat(statements.count()).isZero();
    assertThat(access.use("b", 11434)).isEqualTo(State.LISTED);
    assertThat(statements.count()).as("another organization").isPositive();
    now = now.plusSeconds(1);
    assertThat(access.use("a", 11434)).isEqualTo(State.LISTED);
    assertThat(statements.count()).as("a second later").isPositive();
    assertThat(access.use("a", 11434)).isEqualTo(State.LISTED);
    assertThat(statements.count()).as("remembered again").isZero();
    access.decide(11434, false);
    assertThat(access.use("a", 11434)).isEqualTo(State.CLOSED);
  }

  @Test
  void aUseThatReadAnOlderDecisionIsNotRemembered() {
    access.use("a", 11434);
    slow =
        () -> {
          slow = () -> {};
          access.decide(11434, false);
        };
    access.use("a", 11434);
    assertThat(access.use("a", 11434)).isEqualTo(State.CLOSED);
  }

  @Test
  void aUseThatIsNotRecordedAgainIsKeptForThatTime() {
    access.use("a", 11434);
    access.reconcile(Map.of(), now.plusMillis(500));
    assertThat(engine.host().openHostPorts()).contains(11434);
    access.reconcile(Map.of(), now.plusMillis(1500));
    assertThat(engine.host().openHostPorts()).doesNotContain(11434);
  }

  @Test
  void aPortThatCameIntoUseDuringAPassStaysOpen() {
    access.use("a", 11434);
    access.reconcile(Map.of(), now.minusSeconds(60));
    assertThat(engine.host().openHostPorts()).contains(11434);
  }

  @Test
  void anotherNodeAndTheNextStartOpenTheSamePorts() {
    access.use("a", 11434);
    engine.host().openHostPorts(Set.of());
    node().refresh();
    assertThat(engine.host().openHostPorts()).containsExactlyInAnyOrder(CHANNEL, 11434);
  }

  @Test
  void aStoredUrlWithAnUnlistedPortWorksAndIsCountedUntilTheOperatorDecides() {
    access.reconcile(Map.of(8000, Set.of("a"), 8001, Set.of("b")), now);
    assertThat(engine.host().openHostPorts()).contains(8000, 8001);
    assertThat(access.use("a", 8000)).isEqualTo(State.UNLISTED);
    assertThat(unlistedPorts()).isEqualTo(2);
    assertThat(access.list())
        .contains(
            new HostPort(8000, State.UNLISTED, true, Set.of("a")),
            new HostPort(8001, State.UNLISTED, true, Set.of("b")));

    assertThat(access.decide(8000, true)).isTrue();
    assertThat(access.decide(8001, false)).isTrue();
    assertThat(engine.host().openHostPorts()).contains(8000).doesNotContain(8001);
    assertThat(unlistedPorts()).isZero();
    assertThat(access.mayName(8000)).isTrue();
    assertThat(access.mayName(8001)).isFalse();
    assertThat(access.use("b", 8001)).isEqualTo(State.CLOSED);
    assertThat(engine.host().openHostPorts()).doesNotContain(8001);
  }

  @Test
  void chowdersOwnPortsAreNeverOpenAndCannotBeListed() {
    access.reconcile(
        Map.of(22, Set.of("a"), 9090, Set.of("a"), OTHER_NODE, Set.of("a"), 9901, Set.of("a")),
        now);
    assertThat(engine.host().openHostPorts()).containsExactly(CHANNEL);
    assertThat(access.use("a", 9901)).isEqualTo(State.OWN);
    assertThat(access.decide(9901, true)).isFalse();
    assertThat(access.mayName(9901)).isFalse();
    assertThat(unlistedPorts()).isZero();
    assertThat(access.list()).contains(new HostPort(9901, State.OWN, false, Set.of("a")));
  }

  @Test
  void anOperatorsDecisionOverridesTheSettings() {
    assertThat(access.decide(11434, false)).isTrue();
    assertThat(access.use("a", 11434)).isEqualTo(State.CLOSED);
    assertThat(access.decide(CHANNEL, false)).isTrue();
    assertThat(engine.host().openHostPorts()).isEmpty();
    assertThat(access.decide(11434, true)).isTrue();
    assertThat(access.use("a", 11434)).isEqualTo(State.LISTED);
    assertThat(notified).hasValueGreaterThanOrEqualTo(3);
  }

  private double unlistedPorts() {
    return metrics.get("chowder.host.ports.unlisted").gauge().value();
  }
}
