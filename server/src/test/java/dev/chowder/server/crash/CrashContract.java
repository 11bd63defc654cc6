package dev.chowder.server.crash;

import dev.chowder.base.Failpoints;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Ends a node at every failpoint of an instance, and checks that the next node recovers completely.
 * A subclass ends it in this process, or kills its process. Needs no Docker. Uses H2, or PostgreSQL
 * with {@code -Dchowder-tool.crash.storage=postgresql}.
 *
 * <p>The methods run in parallel, but not in parallel with other classes, so the class itself is
 * not concurrent.
 */
abstract class CrashContract {
  private Lane lane;
  private CrashScenarios scenarios;

  /** Returns the lanes of the class, which are the same for all of its tests. */
  abstract CrashLanes lanes();

  @BeforeEach
  void start() throws IOException, InterruptedException {
    lane = lanes().take();
    scenarios = new CrashScenarios(lane, lanes().modelUrl());
  }

  @AfterEach
  void releaseLane() {
    if (lane != null) lanes().release(lane);
  }

  CrashScenarios scenarios() {
    return scenarios;
  }

  /** {@code -Dchowder-tool.crash.places=REGEX} selects failpoints, to analyze a failure. */
  static List<FailpointCase> places() {
    var wanted = System.getProperty("chowder-tool.crash.places", ".*");
    return FailpointCase.all().stream()
        .filter(place -> place.scenario() != FailpointCase.Scenario.POOL)
        .filter(place -> place.name().matches(wanted))
        .toList();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("places")
  void theServerRecoversFromADeathAt(FailpointCase place) throws IOException {
    scenarios.dieAt(place);
  }

  /** The places at which the server dies while a call for files ends a sleeping gateway. */
  static List<FailpointCase> endsOfASleep() {
    return Stream.of("persist.SleepRequested", "engine.stop", "persist.SleepReached")
        .flatMap(step -> Stream.of(step + Failpoints.BEFORE, step + Failpoints.AFTER))
        .map(name -> new FailpointCase(name, FailpointCase.Scenario.LIFECYCLE))
        .toList();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("endsOfASleep")
  void theServerRecoversFromADeathWhileASleepEnds(FailpointCase place) throws IOException {
    scenarios.dieWhileASleepEnds(place);
  }

  /**
   * The steps from the row of an idempotency key to the response. Without a retry, reconciliation
   * tombstones the id.
   */
  static List<String> stepsOfACreation() {
    return List.of(
        "idempotency.claim" + Failpoints.AFTER,
        "persist.organization.SlotReserved" + Failpoints.AFTER,
        "persist.Created" + Failpoints.BEFORE,
        "persist.Created" + Failpoints.AFTER,
        "idempotency.answer" + Failpoints.BEFORE,
        "idempotency.answer" + Failpoints.AFTER);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("stepsOfACreation")
  void aRetryCompletesACreationWithAKeyAfterADeathAt(String step) throws IOException {
    scenarios.dieInACreationWithAKey(new FailpointCase(step, FailpointCase.Scenario.LIFECYCLE));
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void anUnusedSlotIsReleasedWithoutACallToItsOrganization() throws IOException {
    scenarios.dieWithASlotThatNoInstanceUses();
  }
}
