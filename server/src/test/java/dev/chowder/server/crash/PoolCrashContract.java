package dev.chowder.server.crash;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.chowder.base.Failpoints;
import dev.chowder.server.crash.FailpointCase.Scenario;
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
 * Kills a server while it creates, claims and discards pool members. A repeated create makes
 * exactly one instance, which no other call has, and the restarted server replaces its members.
 * Runs like {@link CrashContract}.
 */
abstract class PoolCrashContract {
  private Lane lane;
  private PoolScenarios scenarios;

  /** Returns the lanes of the class, whose servers have {@link PoolScenarios#SETTINGS}. */
  abstract CrashLanes lanes();

  @BeforeEach
  void start() throws IOException, InterruptedException {
    lane = lanes().take();
    scenarios = new PoolScenarios(lane, lanes().modelUrl());
  }

  @AfterEach
  void releaseLane() {
    if (lane != null) lanes().release(lane);
  }

  static List<String> stepsOfAClaim() {
    return PoolScenarios.stepsOfAClaim();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("stepsOfAClaim")
  void aRetryCompletesAClaimAfterADeathAt(String step) throws IOException {
    scenarios.dieInAClaim(step, Struct.getDefaultInstance());
  }

  /** With overrides the claimed instance is provisioned further before it runs. */
  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("stepsOfAClaim")
  void aRetryCompletesAClaimWithOverridesAfterADeathAt(String step) throws IOException {
    scenarios.dieInAClaim(
        step,
        Struct.newBuilder()
            .putFields("logging.level", Value.newBuilder().setStringValue("debug").build())
            .build());
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void aMemberWhoseSlotIsReservedIsDiscardedAfterADeath() throws IOException {
    scenarios.dieTwiceWithAReservedMember();
  }

  @Execution(ExecutionMode.CONCURRENT)
  @Test
  void theSlotOfAClaimThatIsNotRepeatedIsReleased() throws IOException {
    scenarios.dieInAClaimThatIsNotRepeated();
  }

  static Stream<String> stepsOfMembers() {
    return FailpointCase.all().stream()
        .filter(place -> place.scenario() == Scenario.POOL)
        .map(FailpointCase::name)
        .filter(name -> !stepsOfAClaim().contains(name));
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("stepsOfMembers")
  void theServerReplacesItsMembersAfterADeathAt(String step) throws IOException {
    scenarios.dieWithMembers(step);
  }

  /** The steps in which a member is provisioned, and the mark of a claim, which is a file. */
  static Stream<String> stepsOfProvisioning() {
    return Stream.of("create", "writeFiles", "prepare", "start")
        .flatMap(verb -> Stream.of(verb + Failpoints.BEFORE, verb + Failpoints.AFTER))
        .map(step -> "engine." + step);
  }

  @Execution(ExecutionMode.CONCURRENT)
  @ParameterizedTest(name = "{0}")
  @MethodSource("stepsOfProvisioning")
  void theServerReplacesAMemberThatIsProvisionedAtADeathAt(String step) throws IOException {
    scenarios.dieInTheProvisioningOfAMember(step);
  }
}
