package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Uses {@code scripts/up} on an installation of three nodes with a private PostgreSQL. A client
 * calls the installation continuously while the nodes restart with other settings.
 */
class RollingRestartCheck {
  private static final int FIRST_PORT = 26_000;
  private static final int NODES = 3;
  private static final int OK = 200;

  /** With fewer responses, the client did not call during the restart. */
  private static final int LEAST_RESPONSES = 20;

  private static final long PAUSE_MILLISECONDS = 50;

  private static final SimulatedInstallation INSTALLATION =
      SimulatedInstallation.create(Project.here(), FIRST_PORT);

  @BeforeAll
  static void start() {
    INSTALLATION.start("--nodes", Integer.toString(NODES));
    assertThat(INSTALLATION.nodes()).hasSize(NODES);
  }

  @AfterAll
  static void remove() {
    INSTALLATION.close();
  }

  /** A failed training run fails no start, so only this test finds it. */
  @Test
  void theNodesUseTheAotCacheOfPostgresql() {
    assertThat(INSTALLATION.nodes())
        .as(INSTALLATION.endOfLog("aot-training-run-postgresql"))
        .allSatisfy(
            node ->
                assertThat(node.info().arguments().orElseThrow())
                    .anyMatch(argument -> argument.matches("-XX:AOTCache=.*-postgresql\\.aot")));
  }

  /** Envoy chooses the node of each call, and the entity of the call may be on another node. */
  @Test
  void noCallFailsWhileAllNodesRestart() throws IOException, InterruptedException {
    var before = INSTALLATION.nodes();
    var responses = new ConcurrentLinkedQueue<String>();
    try (var client = Executors.newSingleThreadScheduledExecutor()) {
      var _ =
          client.scheduleWithFixedDelay(
              () -> responses.add(call()), 0, PAUSE_MILLISECONDS, TimeUnit.MILLISECONDS);
      INSTALLATION.set("CHOWDER_RATE_BURST", "300");
      INSTALLATION.start();
    }
    var counts =
        responses.stream()
            .collect(Collectors.groupingBy(response -> response, Collectors.counting()));
    System.out.println("Responses while three nodes were restarted: " + counts);
    assertThat(INSTALLATION.nodes()).hasSize(NODES).doesNotContainAnyElementsOf(before);
    for (int node = 1; node <= NODES; node++) {
      assertThat(INSTALLATION.health(node)).as("status of node %d", node).isEqualTo(OK);
    }
    assertThat(counts).containsOnlyKeys(Integer.toString(OK));
    assertThat(responses).hasSizeGreaterThanOrEqualTo(LEAST_RESPONSES);
  }

  /** Returns the status, or the failure of a call without a response. */
  private static String call() {
    try {
      return Integer.toString(INSTALLATION.send("GET", "/v1/organization", "").statusCode());
    } catch (IOException failed) {
      return failed.toString();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return interrupted.toString();
    }
  }

  @Test
  void aNewKeyReplacesTheOldOne() throws IOException, InterruptedException {
    var before = INSTALLATION.key();
    INSTALLATION.up("--new-key");
    // Without the keys in the message.
    assertThat(INSTALLATION.key().equals(before)).as("the key is the same").isFalse();
    assertThat(INSTALLATION.send("GET", "/v1/organization", "").statusCode()).isEqualTo(OK);
  }
}
