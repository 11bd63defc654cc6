package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.chowder.base.Await;
import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.SleepWork;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceEffect.RunStages;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.WantedConfig;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.sleep.SleepSettings;
import dev.chowder.storage.StorageException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLTransientConnectionException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class EffectRunnerTest {
  /** The first start comes soon; the third does not come during a test. */
  private static final RestartSettings RESTARTS =
      new RestartSettings(
          List.of(Duration.ofMillis(20), Duration.ofMinutes(5)),
          Duration.ofMinutes(10),
          Duration.ofMillis(1),
          Duration.ofMillis(1));

  private static final long LIMIT_SECONDS = 20;

  /** The time for which a test checks that something does not begin. */
  private static final Duration SHORT = Duration.ofMillis(300);

  private static final SleepSettings SLEEP =
      new SleepSettings(
          true,
          Duration.ofSeconds(LIMIT_SECONDS),
          Duration.ofSeconds(LIMIT_SECONDS),
          2,
          Duration.ZERO,
          Duration.ZERO);

  private static final Duration APPLY_LIMIT = Duration.ofSeconds(LIMIT_SECONDS);
  private static final InstanceId ID = new InstanceId("01a20000-0000-7000-8000-000000000001");
  private static final InstanceId OTHER = new InstanceId("01a20000-0000-7000-8000-000000000002");

  private static final Optional<HomeRef> ON_ANOTHER_HOST =
      Optional.of(new HomeRef(new SandboxRef("fake", "previous", "sb-" + ID.value()), 1));

  private final ScriptedWork work = new ScriptedWork();
  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private volatile Optional<String> rebound = Optional.empty();

  /** Why no rebinding can be read; empty if they can. */
  private volatile Optional<SandboxException> unreadable = Optional.empty();

  private final Sandboxes sandboxes = new Sandboxes(engine, (_, _) -> rebound());
  private final BlockingQueue<InstanceCommand.Report> reports = new ArrayBlockingQueue<>(100);
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private EffectRunner runner = runner(8, Duration.ofSeconds(LIMIT_SECONDS));

  @AfterEach
  void close() {
    work.gate.release(1000);
    runner.close();
    engine.close();
  }

  @Test
  void aStageOfASandboxOnAnotherHostFailsWithoutBeingTried() throws InterruptedException {
    work.gate.release(1);
    runner.dispatch(ID, ON_ANOTHER_HOST, stage(1), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> {
              assertThat(failed.reason()).isEqualTo("ELSEWHERE");
              assertThat(failed.message()).contains("RebindHost");
              assertThat(failed.stage()).hasValue(Stage.ONBOARD);
            });
    assertThat(work.begun).hasValue(0);

    rebound = Optional.of("simulated");
    runner.dispatch(ID, ON_ANOTHER_HOST, stage(2), reports::add);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
  }

  /** The journal names the sandbox after its first stage, and the run goes on. */
  @Test
  void aStageOfASandboxThatTheSameRunCreatedFailsIfItsHostChanges() throws InterruptedException {
    runner.dispatch(ID, plan(1, 0, Stage.CREATE_SANDBOX, Stage.ONBOARD), reports::add);
    work.gate.release(1);
    assertThat(finished()).containsExactly(Stage.CREATE_SANDBOX);
    var created = Optional.of(new HomeRef(engine.ref(SandboxId.ofInstance(ID.value())), 1));
    work.failure =
        Optional.of(new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "no answer"));
    runner.dispatch(ID, created, plan(1, 0, Stage.ONBOARD), reports::add);
    engine.identifyAs("another");
    work.gate.release(1000);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> assertThat(failed.reason()).isEqualTo("ELSEWHERE"));
  }

  /** Nothing but an operator's decision lets a repetition succeed. */
  @Test
  void aStopOfASandboxOnAnotherHostFailsAtOnce() throws InterruptedException {
    retrySeldom(8, 1);
    runner.dispatch(
        ID, ON_ANOTHER_HOST, new InstanceEffect.StopGateway("organization", 1, true), reports::add);
    assertThat(((InstanceCommand.EffectFailed) next()).reason()).isEqualTo("ELSEWHERE");
  }

  @Test
  void aRemovalOfASandboxOnAnotherHostWaitsUntilTheHostIsRebound() throws InterruptedException {
    runner.dispatch(ID, ON_ANOTHER_HOST, removal("organization"), reports::add);
    assertThat(reports.poll(SHORT.toMillis(), TimeUnit.MILLISECONDS)).isNull();
    assertThat(work.removals).hasValue(0);

    rebound = Optional.of("simulated");
    assertThat(next()).isInstanceOf(InstanceCommand.Removed.class);
    assertThat(work.removals).hasValue(1);
  }

  @Test
  void theSecretsOfADeletedInstanceAreDeletedAlthoughItsHostIsAway() throws InterruptedException {
    runner.dispatch(ID, ON_ANOTHER_HOST, removal("organization"), reports::add);
    assertThat(work.secretsDeleted.poll(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(ID);
    assertThat(work.removals).hasValue(0);
  }

  @Test
  void theSecretsOfAFailedInstanceAreKept() throws InterruptedException {
    var cleanup =
        new InstanceEffect.Remove("organization", InstanceEffect.Scope.SANDBOX, 1, Homes.FIRST);
    runner.dispatch(ID, cleanup, reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.Removed.class);
    assertThat(work.secretsDeleted).isEmpty();
  }

  /** Its gateway may run, and would never get the change. */
  @Test
  void aChangeForAGatewayOnAnotherHostStaysPending() throws InterruptedException {
    runner.dispatch(ID, ON_ANOTHER_HOST, change(), reports::add);
    assertThat(reports.poll(SHORT.toMillis(), TimeUnit.MILLISECONDS)).isNull();

    rebound = Optional.of("simulated");
    runner.dispatch(ID, ON_ANOTHER_HOST, change(), reports::add);
    assertThat(note()).isEmpty();
  }

  @Test
  void theSlotOfAnInstanceOnAnotherHostIsReleased() throws InterruptedException {
    runner.dispatch(
        ID, ON_ANOTHER_HOST, new InstanceEffect.ReleaseSlot("organization"), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.SlotReleased.class);
  }

  /** The start then fails. Until then, the instance would wait for memory that it cannot use. */
  @Test
  void aStartOnAnotherHostDoesNotWaitForMemory() throws InterruptedException {
    work.withoutMemory.set(Integer.MAX_VALUE);
    runner.dispatch(
        ID,
        ON_ANOTHER_HOST,
        new InstanceEffect.AwaitStart("organization", 1, List.of(), Instant.now()),
        reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StartDue.class);
  }

  /** An outage of the database does not decide where the sandbox is. */
  @Test
  void aStartWaitsForMemoryWhileNoRebindingCanBeRead() throws InterruptedException {
    unreadable =
        Optional.of(new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "no answer"));
    work.withoutMemory.set(2);
    runner.dispatch(
        ID,
        ON_ANOTHER_HOST,
        new InstanceEffect.AwaitStart("organization", 1, List.of(), Instant.now()),
        reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StartDue.class);
    assertThat(work.withoutMemory).hasNegativeValue();
  }

  @Test
  void aFinishedStageIsReportedAndCanBeDispatchedAgainLater() throws InterruptedException {
    work.gate.release(2);
    runner.dispatch(ID, stage(1), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    runner.dispatch(ID, new InstanceEffect.None(), reports::add);
    runner.dispatch(ID, stage(2), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.StagesFinished.class,
            finished -> assertThat(finished.attempt()).isEqualTo(2));
  }

  @Test
  void theDurationOfAStageIsCountedInBuckets() throws InterruptedException {
    work.gate.release(1);
    // A claimed instance is provisioned in its second attempt.
    runner.dispatch(ID, stage(2), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    var took =
        metrics.get("chowder.stage").tags("stage", "onboard", "kind", "provisioning").timer();
    assertThat(List.of(took.takeSnapshot().histogramCounts()))
        .hasSizeGreaterThan(5)
        .last()
        .satisfies(all -> assertThat(all.count()).isEqualTo(1));
  }

  @Test
  void anEffectThatIsDispatchedTwiceRunsOnce() throws InterruptedException {
    runner.dispatch(ID, stage(1), reports::add);
    work.awaitBegun(1);
    runner.dispatch(ID, stage(1), reports::add);
    work.gate.release(10);
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    // A second run would have begun before this one, which is dispatched later.
    runner.dispatch(OTHER, stage(1), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    assertThat(work.begun).hasValue(2);
  }

  @Test
  void aNewEffectCancelsThePreviousOneAndNeverRunsConcurrently() throws InterruptedException {
    runner.dispatch(ID, stage(1), reports::add);
    work.awaitBegun(1);
    runner.dispatch(ID, removal("organization"), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.Removed.class);
    assertThat(work.interrupted).hasValue(1);
    assertThat(work.most).hasValue(1);
    assertThat(reports).isEmpty();
  }

  @Test
  void theRemovalOfAClaimedPoolMemberReportsTheClaim() throws InterruptedException {
    var removal =
        new InstanceEffect.Remove("organization", InstanceEffect.Scope.MEMBER, 3, Homes.FIRST);
    work.claimed = true;
    runner.dispatch(ID, removal, reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.ClaimFound.class, found -> assertThat(found.attempt()).isEqualTo(3));
    work.claimed = false;
    runner.dispatch(OTHER, removal, reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.Removed.class,
            removed -> {
              assertThat(removed.attempt()).isEqualTo(3);
              assertThat(removed.scope()).isEqualTo(InstanceEffect.Scope.MEMBER);
            });
    assertThat(reports).isEmpty();
  }

  @Test
  void aSleepingGatewayIsWokenWithoutAPermitOfABoot() throws InterruptedException {
    runner.close();
    runner = runner(1, Duration.ofSeconds(LIMIT_SECONDS));
    runner.dispatch(OTHER, stage(1), reports::add);
    work.awaitBegun(1);
    work.wakes = true;
    runner.dispatch(ID, wake(), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.StagesFinished.class,
            finished -> assertThat(finished.stages().getFirst().thawed()).isTrue());
    assertThat(work.begun).hasValue(1);
  }

  @Test
  void aSleepingGatewayThatDoesNotWakeIsBooted() throws InterruptedException {
    work.gate.release(2);
    for (var failure :
        List.<Optional<RuntimeException>>of(
            Optional.empty(), Optional.of(new IllegalStateException("no answer")))) {
      work.wakeFailure = failure;
      runner.dispatch(ID, wake(), reports::add);
      work.awaitWakes(1);
      assertThat(next())
          .isInstanceOfSatisfying(
              InstanceCommand.StagesFinished.class,
              finished -> assertThat(finished.stages().getFirst().thawed()).isFalse());
      runner.dispatch(ID, new InstanceEffect.None(), reports::add);
    }
    assertThat(work.begun).hasValue(2);
    assertThat(TestGateways.failures(metrics, "wake", "error")).isOne();
  }

  @Test
  void aFailureThatPassesDoesNotEndASleepingGateway() throws InterruptedException {
    for (var failure :
        List.of(
            new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "no answer"),
            new StorageException("no answer", new SQLTransientConnectionException("no answer")),
            WorkFailure.busy("openclaw_config", "a turn runs"))) {
      work.wakesTried.drainPermits();
      work.wakes = true;
      work.wakeFailure = Optional.of(failure);
      runner.dispatch(ID, wake(), reports::add);
      work.awaitWakes(2);
      work.wakeFailure = Optional.empty();
      assertThat(next())
          .as(failure.toString())
          .isInstanceOfSatisfying(
              InstanceCommand.StagesFinished.class,
              finished -> assertThat(finished.stages().getFirst().thawed()).isTrue());
      runner.dispatch(ID, new InstanceEffect.None(), reports::add);
    }
    assertThat(work.begun).hasValue(0);
  }

  @Test
  void aStopReportsTheLevelOfSleep() throws InterruptedException {
    var memory = new SleepMemory(1_200_000_000, 0);
    work.stopResult = new SleepWork.StopResult(1, new SleepWork.Slept(SleepLevel.FROZEN, memory));
    runner.dispatch(ID, new InstanceEffect.StopGateway("organization", 2, true), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.GatewayStopped.class,
            stopped -> {
              assertThat(stopped.attempt()).isEqualTo(2);
              assertThat(stopped.boot()).isEqualTo(1);
              assertThat(stopped.level()).isEqualTo(SleepLevel.FROZEN);
              assertThat(stopped.memory()).isEqualTo(memory);
            });
  }

  @Test
  void wakesThatHangDelayNoOtherOrganization() throws InterruptedException {
    work.wakes = true;
    work.hangingWakes = "flood";
    for (int n = 0; n < 4; n++) runner.dispatch(id(n), wake("flood"), reports::add);
    work.awaitWakes(1);
    awaitWaiting(3);
    runner.dispatch(ID, wake(), reports::add);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);
    assertThat(runner.waiting()).isEqualTo(3);
    work.gate.release(4);
    for (int n = 0; n < 4; n++) assertThat(finished()).containsExactly(Stage.START_GATEWAY);
  }

  private Optional<String> rebound() {
    unreadable.ifPresent(
        why -> {
          throw why;
        });
    return rebound;
  }

  private static RunStages wake() {
    return wake("organization");
  }

  private static RunStages wake(String organizationId) {
    return StageRuns.plan(
        InstanceEffect.Purpose.START,
        List.of(Stage.START_GATEWAY),
        2,
        organizationId,
        WantedConfig.NONE,
        new Sleep(SleepLevel.FROZEN, 1, Instant.EPOCH, SleepLevel.FROZEN, SleepMemory.NONE));
  }

  @Test
  void theThirdEffectOfAnInstanceBeginsOnlyAfterTheFirstHasEnded() throws InterruptedException {
    hangTheFirstStageWhileASecondWaits();
    assertThatTheThirdBeginsOnlyAfterTheFirst();
  }

  @Test
  void aCancelledEffectThatWaitsStillDelaysTheNextOne() throws InterruptedException {
    hangTheFirstStageWhileASecondWaits();
    runner.dispatch(ID, new InstanceEffect.None(), reports::add);
    assertThatTheThirdBeginsOnlyAfterTheFirst();
  }

  private void hangTheFirstStageWhileASecondWaits() throws InterruptedException {
    work.stubborn = true;
    runner.dispatch(ID, stage(1), reports::add);
    work.awaitBegun(1);
    runner.dispatch(ID, stage(2), reports::add);
  }

  private void assertThatTheThirdBeginsOnlyAfterTheFirst() throws InterruptedException {
    runner.dispatch(ID, stage(3), reports::add);
    assertThat(work.beginsWithin(SHORT)).as("beside the first").isFalse();
    work.gate.release(2);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.StagesFinished.class,
            finished -> assertThat(finished.attempt()).isEqualTo(3));
    assertThat(work.stageRuns).extracting(StageRun::attempt).containsExactly(1, 3);
    assertThat(work.most).hasValue(1);
  }

  @Test
  void aStageThatExceedsItsLimitFailsWithItsName() throws InterruptedException {
    runner.close();
    runner = runner(8, Duration.ofMillis(50));
    runner.dispatch(ID, stage(1), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> {
              assertThat(failed.reason()).isEqualTo("TIMED_OUT");
              assertThat(failed.message()).startsWith("onboard: ");
            });
  }

  @Test
  void anUnexpectedExceptionOfAStageIsReportedWithoutItsMessage() throws InterruptedException {
    work.failure = Optional.of(new IllegalStateException("secret detail"));
    work.gate.release(1);
    runner.dispatch(ID, stage(1), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> {
              assertThat(failed.reason()).isEqualTo("INTERNAL");
              assertThat(failed.message()).doesNotContain("secret detail");
            });
  }

  @Test
  void aStageWaitsForTheDatabaseLongerThanItsLimit() throws InterruptedException {
    runner.close();
    var limit = Duration.ofSeconds(2);
    runner = runner(8, limit);
    work.failure =
        Optional.of(
            new IllegalStateException(new SQLTransientConnectionException("no connection")));
    work.gate.release(10_000);
    long begun = System.nanoTime();
    runner.dispatch(ID, stage(1), reports::add);
    while (System.nanoTime() - begun < limit.toNanos() * 5 / 4) work.awaitBegun(1);
    assertThat(reports).isEmpty();
    work.failure = Optional.empty();
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
  }

  @Test
  void aStageWaitsForItsEngineWithinItsLimit() throws InterruptedException {
    work.failure =
        Optional.of(
            new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "docker: no answer"));
    work.gate.release(10_000);
    for (int attempt = 1; attempt <= 2; attempt++) {
      runner.dispatch(id(attempt), stage(attempt), reports::add);
      // The first instance's stage is retried meanwhile, too.
      while (work.tries(attempt) < 3) work.awaitBegun(1);
    }
    work.failure = Optional.empty();
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
  }

  @Test
  void aStageIsRepeatedWhileAnActorDoesNotReply() throws InterruptedException {
    work.failure = Optional.of(WorkFailure.noReply("the organization"));
    work.gate.release(10_000);
    runner.dispatch(ID, stage(1), reports::add);
    while (work.tries(1) < 3) work.awaitBegun(1);
    work.failure = Optional.empty();
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
  }

  @Test
  void aStageFailsIfAnActorDoesNotReplyWithinTheLimit() throws InterruptedException {
    runner.close();
    runner = runner(8, Duration.ofSeconds(2));
    work.failure = Optional.of(WorkFailure.noReply("the organization"));
    work.gate.release(10_000);
    runner.dispatch(ID, stage(1), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            // The text depends on whether the limit passes during the last try or after it.
            failed -> assertThat(failed.reason()).isEqualTo("TIMED_OUT"));
  }

  @Test
  void aStageWhoseEngineStaysUnreachableFailsWithThatReason() throws InterruptedException {
    runner.close();
    runner = runner(8, Duration.ofMillis(300));
    work.failure =
        Optional.of(
            new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "docker: no answer"));
    work.gate.release(10_000);
    runner.dispatch(ID, stage(1), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> assertThat(failed.reason()).isEqualTo("ENGINE_UNREACHABLE"));
  }

  @Test
  void aStageThatExceedsItsLimitInItsFirstCallChecksTheEngine() throws InterruptedException {
    runner.close();
    runner = runner(8, Duration.ofMillis(100));
    work.engine =
        Optional.of(
            new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "docker: no answer"));
    runner.dispatch(ID, stage(1), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> {
              assertThat(failed.reason()).isEqualTo("ENGINE_UNREACHABLE");
              assertThat(failed.message()).isEqualTo("onboard: docker: no answer");
            });
    assertThat(work.begun).hasValue(1);
  }

  @Test
  void aStageThatExceedsItsLimitWhileItsEngineHangsFailsWithThatReason()
      throws InterruptedException {
    runner.close();
    // Longer than a busy machine needs for the first try.
    runner = runner(8, Duration.ofSeconds(2));
    work.failure =
        Optional.of(
            new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "docker: no answer"));
    // The engine is unreachable in the first try, and the second one hangs until its deadline.
    work.gate.release(1);
    runner.dispatch(ID, stage(2), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> {
              assertThat(failed.reason()).isEqualTo("ENGINE_UNREACHABLE");
              assertThat(failed.message()).isEqualTo("onboard: docker: no answer");
            });
    assertThat(work.begun).hasValueGreaterThanOrEqualTo(2);
    assertThat(work.interrupted).hasPositiveValue();
  }

  @Test
  void stagesThatFinishSoonAfterEachOtherAreReportedTogether() throws InterruptedException {
    reportWithin(Duration.ofSeconds(LIMIT_SECONDS));
    work.gate.release(3);
    runner.dispatch(
        ID, plan(1, 0, Stage.GATEWAY_TOKEN, Stage.START_GATEWAY, Stage.PUBLISH), reports::add);
    assertThat(finished()).containsExactly(Stage.GATEWAY_TOKEN, Stage.START_GATEWAY, Stage.PUBLISH);
    assertThat(reports).isEmpty();
  }

  @Test
  void aStageThatAnEarlierOnePreparedDoesNotRun() throws InterruptedException {
    reportWithin(Duration.ofSeconds(LIMIT_SECONDS));
    work.prepares = Set.of(Stage.RESPONSES_ENDPOINT);
    work.gate.release(3);
    runner.dispatch(
        ID,
        plan(1, 0, Stage.ONBOARD, Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT, Stage.PUBLISH),
        reports::add);
    var stages = ((InstanceCommand.StagesFinished) next()).stages();
    assertThat(stages)
        .extracting(one -> one.done().stage(), one -> one.done().outcome())
        .containsExactly(
            tuple(Stage.ONBOARD, StageRecord.Outcome.EXECUTED),
            tuple(Stage.GATEWAY_TOKEN, StageRecord.Outcome.EXECUTED),
            tuple(Stage.RESPONSES_ENDPOINT, StageRecord.Outcome.PREPARED),
            tuple(Stage.PUBLISH, StageRecord.Outcome.EXECUTED));
    assertThat(work.stageRuns)
        .extracting(StageRun::stage)
        .containsExactly(Stage.ONBOARD, Stage.GATEWAY_TOKEN, Stage.PUBLISH);
  }

  /** The node that prepared it crashed. */
  @Test
  void aStageThatAnEarlierRunPreparedRuns() throws InterruptedException {
    work.gate.release(1);
    runner.dispatch(ID, plan(1, 0, Stage.RESPONSES_ENDPOINT), reports::add);
    assertThat(finished()).containsExactly(Stage.RESPONSES_ENDPOINT);
    assertThat(work.begun).hasValue(1);
  }

  @Test
  void aLongStageDoesNotDelayTheReportOfAnEarlierStage() throws InterruptedException {
    reportWithin(Duration.ofMillis(1));
    work.gate.release(1);
    runner.dispatch(ID, plan(1, 0, Stage.GATEWAY_TOKEN, Stage.START_GATEWAY), reports::add);
    assertThat(finished()).containsExactly(Stage.GATEWAY_TOKEN);
    work.gate.release(1);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);
  }

  @Test
  void finishedStagesAreReportedBeforeAFailure() throws InterruptedException {
    reportWithin(Duration.ofSeconds(LIMIT_SECONDS));
    work.gate.release(1);
    runner.dispatch(ID, plan(1, 0, Stage.GATEWAY_TOKEN, Stage.START_GATEWAY), reports::add);
    work.awaitBegun(2);
    work.failure = Optional.of(new WorkFailure("NO_SPACE", "full"));
    work.gate.release(1);
    assertThat(finished()).containsExactly(Stage.GATEWAY_TOKEN);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.EffectFailed.class,
            failed -> assertThat(failed.stage()).contains(Stage.START_GATEWAY));
    assertThat(work.begun).hasValue(2);
  }

  @Test
  void finishedStagesAreReportedAgainIfTheInstanceRequestsThem() throws InterruptedException {
    work.gate.release(2);
    runner.dispatch(
        ID, plan(1, 0, Stage.CREATE_SANDBOX, Stage.ONBOARD, Stage.START_GATEWAY), reports::add);
    assertThat(finished()).containsExactly(Stage.CREATE_SANDBOX);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    work.awaitBegun(3);
    // The second report was lost.
    var left = plan(1, 0, Stage.ONBOARD, Stage.START_GATEWAY);
    runner.dispatch(ID, left, reports::add);
    assertThat(reports).isEmpty();
    runner.dispatch(ID, left, reports::add);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    runner.dispatch(ID, plan(1, 0, Stage.START_GATEWAY), reports::add);
    work.gate.release(1);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);
    assertThat(work.begun).hasValue(3);
    assertThat(work.interrupted).hasValue(0);
  }

  @Test
  void finishedStagesAreNotRunAgainForAnInstanceThatMissedTheirReports()
      throws InterruptedException {
    work.gate.release(10);
    var whole = plan(1, 0, Stage.ONBOARD, Stage.START_GATEWAY);
    runner.dispatch(ID, whole, reports::add);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);
    // A re-dispatch that the instance received before the reports, or after one was lost.
    runner.dispatch(ID, whole, reports::add);
    assertThat(finished()).containsExactly(Stage.ONBOARD, Stage.START_GATEWAY);
    runner.dispatch(ID, plan(1, 0, Stage.START_GATEWAY), reports::add);
    runner.dispatch(ID, plan(1, 0, Stage.START_GATEWAY), reports::add);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);

    // Once another effect was pending, the stages run again.
    runner.dispatch(ID, new InstanceEffect.None(), reports::add);
    runner.dispatch(ID, whole, reports::add);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);
    assertThat(work.stageRuns)
        .extracting(StageRun::stage)
        .containsExactly(Stage.ONBOARD, Stage.START_GATEWAY, Stage.ONBOARD, Stage.START_GATEWAY);
  }

  @Test
  void anotherAttemptCancelsTheStagesOfThePreviousOne() throws InterruptedException {
    runner.dispatch(ID, plan(1, 0, Stage.ONBOARD, Stage.START_GATEWAY), reports::add);
    work.awaitBegun(1);
    runner.dispatch(ID, plan(2, 0, Stage.ONBOARD, Stage.START_GATEWAY), reports::add);
    // The gate opens only now, since an open gate could end the wait before the interrupt.
    work.awaitInterrupted(1);
    work.gate.release(2);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    assertThat(work.interrupted).hasValue(1);
    assertThat(work.stageRuns).extracting(StageRun::attempt).startsWith(1, 2);
  }

  @Test
  void overridesThatChangeDuringARunAreApplied() throws InterruptedException {
    runner.dispatch(ID, plan(1, 1, Stage.ONBOARD, Stage.OPENCLAW_CONFIG), reports::add);
    work.awaitBegun(1);
    runner.dispatch(ID, plan(1, 2, Stage.ONBOARD, Stage.OPENCLAW_CONFIG), reports::add);
    work.gate.release(2);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    assertThat(finished()).containsExactly(Stage.OPENCLAW_CONFIG);
    assertThat(work.stageRuns)
        .extracting(stageRun -> stageRun.config().version())
        .containsExactly(1, 2);
  }

  private void reportWithin(Duration within) {
    runner.close();
    runner = runner(8, Duration.ofSeconds(LIMIT_SECONDS), within);
  }

  @Test
  void aRemovalIsRetriedUntilItSucceeds() throws InterruptedException {
    work.removalFailures.set(3);
    runner.dispatch(ID, removal("organization"), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.Removed.class);
    assertThat(work.removals).hasValue(4);
  }

  @Test
  void failedRemovalsHoldNoPermitBetweenTries() throws InterruptedException {
    retrySeldom(32, 1);
    work.removalFailures.set(Integer.MAX_VALUE);
    for (int n = 0; n < 32; n++) runner.dispatch(id(n), removal("broken"), reports::add);
    work.awaitRemovals(32);
    work.gate.release(3);
    runner.dispatch(
        ID, plan(1, 0, Stage.CREATE_SANDBOX, Stage.ONBOARD, Stage.START_GATEWAY), reports::add);
    assertThat(finished()).containsExactly(Stage.CREATE_SANDBOX);
    assertThat(finished()).containsExactly(Stage.ONBOARD);
    assertThat(finished()).containsExactly(Stage.START_GATEWAY);
  }

  @Test
  void aConfigurationChangeHoldsNoPermitBetweenTries() throws InterruptedException {
    retrySeldom(1, 1);
    work.busyGateway.set(Integer.MAX_VALUE);
    runner.dispatch(OTHER, change(), reports::add);
    work.awaitChanges(1);
    runner.dispatch(ID, removal("organization"), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.Removed.class);
  }

  @Test
  void removalsWaitForTheirOrganizationsTurn() throws InterruptedException {
    retrySeldom(1, 1);
    runner.dispatch(OTHER, plan(1, 0, Stage.PUBLISH), reports::add);
    work.awaitBegun(1);
    for (int n = 0; n < 5; n++) runner.dispatch(id(n), removal("flood"), reports::add);
    awaitWaiting(5);
    runner.dispatch(id(5), removal("quiet"), reports::add);
    awaitWaiting(6);
    work.gate.release(1);
    for (int n = 0; n < 7; n++) assertThat(next()).isNotNull();
    assertThat(work.removed.indexOf(id(5))).isEqualTo(1);
  }

  @Test
  void startsOfOpenClawHaveTheirOwnLimitAndDelayNoOtherEffects() throws InterruptedException {
    retrySeldom(2, 1);
    for (int n = 0; n < 5; n++) {
      runner.dispatch(id(n), plan(1, 0, Stage.START_GATEWAY), reports::add);
    }
    work.awaitBegun(1);
    awaitWaiting(4);
    runner.dispatch(ID, removal("organization"), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.Removed.class);
    assertThat(work.begun).hasValue(1);
    work.gate.release(5);
    for (int n = 0; n < 5; n++) assertThat(finished()).containsExactly(Stage.START_GATEWAY);
  }

  @Test
  void theRunTimeOfAStageExcludesItsTimeInTheQueue() throws InterruptedException {
    retrySeldom(1, 1);
    assertThat(runner.runningFor(ID)).isZero();
    runner.dispatch(OTHER, stage(1), reports::add);
    work.awaitBegun(1);
    assertThat(runner.runningFor(OTHER)).isPositive();
    runner.dispatch(ID, stage(1), reports::add);
    awaitWaiting(1);
    assertThat(runner.runningFor(ID)).isZero();
    work.gate.release(1);
    work.awaitBegun(1);
    assertThat(runner.runningFor(ID)).isPositive();
    assertThat(runner.runningFor(OTHER)).isZero();
  }

  private void awaitWaiting(int effects) {
    Await.until(
        Duration.ofSeconds(LIMIT_SECONDS),
        () -> runner.waiting() == effects,
        () -> "waiting: " + runner.waiting());
  }

  @Test
  void atMostTheMaximumNumberOfEffectsRunAtOnce() throws InterruptedException {
    runner.close();
    // One of the three is for other organizations.
    runner = runner(3, Duration.ofSeconds(LIMIT_SECONDS));
    for (int n = 0; n < 10; n++) {
      runner.dispatch(id(n), stage(1), reports::add);
    }
    work.awaitBegun(2);
    work.gate.release(10);
    for (int n = 0; n < 10; n++) {
      assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    }
    assertThat(work.most).hasValue(2);
  }

  @Test
  void aClosedRunnerStartsNoEffect() throws InterruptedException {
    runner.close();
    runner.dispatch(ID, stage(1), reports::add);
    // A run of the closed runner would have reported before this one of another runner.
    runner = runner(8, Duration.ofSeconds(LIMIT_SECONDS));
    work.gate.release(10);
    runner.dispatch(OTHER, stage(2), reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.StagesFinished.class,
            finished -> assertThat(finished.attempt()).isEqualTo(2));
    assertThat(work.begun).hasValue(1);
  }

  @Test
  void aChangeIsRetriedWhileTheGatewayIsBusy() throws InterruptedException {
    work.busyGateway.set(3);
    runner.dispatch(ID, change(), reports::add);
    assertThat(note()).isEmpty();
    assertThat(work.busyGateway).hasValue(-1);
  }

  @Test
  void aGatewayThatStaysBusyGetsTheChangeWhenItStarts() throws InterruptedException {
    runner.close();
    runner = runner(8, Duration.ofSeconds(LIMIT_SECONDS), Duration.ZERO, Duration.ofSeconds(1));
    work.busyGateway.set(Integer.MAX_VALUE);
    runner.dispatch(ID, change(), reports::add);
    var late = (InstanceCommand.ConfigApplied) next();
    assertThat(late.note()).contains("busy", "the next start");
    assertThat(late.taken()).isEqualTo(Taken.PENDING);
    assertThat(work.busyGateway).as("retried").hasValueLessThan(Integer.MAX_VALUE - 1);
  }

  @Test
  void closingCancelsAllRunsWithoutAReport() throws InterruptedException {
    runner.dispatch(ID, stage(1), reports::add);
    work.awaitBegun(1);
    runner.close();
    assertThat(work.interrupted).hasValue(1);
    assertThat(reports).isEmpty();
  }

  @Test
  void aStartAfterAnEngineLossWaitsAndHoldsNoPermitMeanwhile() throws InterruptedException {
    var now = Instant.now();
    var third = new InstanceEffect.AwaitStart("organization", 3, List.of(now, now, now), now);
    runner.dispatch(ID, third, reports::add);
    // The waiting run already performs this effect, so no second one starts.
    runner.dispatch(ID, third, reports::add);
    var other = new InstanceId("0190a000-0000-7000-8000-00000000000f");
    work.gate.release();
    runner.dispatch(other, stage(1), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    runner.dispatch(ID, new InstanceEffect.None(), reports::add);
    var first = new InstanceEffect.AwaitStart("organization", 3, List.of(now), now);
    runner.dispatch(ID, first, reports::add);
    assertThat(next())
        .isInstanceOfSatisfying(
            InstanceCommand.StartDue.class, due -> assertThat(due.attempt()).isEqualTo(3));
    assertThat(reports).isEmpty();
  }

  @Test
  void aStartWaitsForMemoryOnTheHost() throws InterruptedException {
    work.withoutMemory.set(3);
    runner.dispatch(
        ID,
        new InstanceEffect.AwaitStart("organization", 1, List.of(), Instant.now()),
        reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StartDue.class);
    assertThat(work.withoutMemory).hasValue(-1);
  }

  @Test
  void aClockThatIsSetBackDoesNotProlongAWait() throws InterruptedException {
    var ahead = Instant.now().plus(Duration.ofHours(1));
    runner.dispatch(
        ID, new InstanceEffect.AwaitStart("organization", 1, List.of(ahead), ahead), reports::add);
    assertThat(next()).isInstanceOf(InstanceCommand.StartDue.class);
  }

  @Test
  void theDeadlineOfAFinishedStageIsNotKeptUntilItIsDue() throws InterruptedException {
    work.gate.release(2);
    runner.dispatch(ID, plan(1, 0, Stage.ONBOARD, Stage.GATEWAY_TOKEN), reports::add);
    for (int n = 0; n < 2; n++) {
      assertThat(next()).isInstanceOf(InstanceCommand.StagesFinished.class);
    }
    assertThat(runner.scheduled()).isZero();
  }

  @Test
  void aStageThatEndsAfterTheRunnerWasClosedIsNoError() throws InterruptedException {
    var log = (Logger) LoggerFactory.getLogger(EffectRunner.class.getPackageName());
    var logged = new ListAppender<ILoggingEvent>();
    logged.start();
    log.addAppender(logged);
    try {
      runner.close();
      runner = runner(reportingLateAndNotWaitingAtTheEnd());
      work.stubborn = true;
      runner.dispatch(ID, plan(1, 0, Stage.ONBOARD, Stage.GATEWAY_TOKEN), reports::add);
      work.awaitBegun(1);
      runner.close();
      work.gate.release(2);
      assertThat(work.thread.join(Duration.ofSeconds(LIMIT_SECONDS))).isTrue();
    } finally {
      log.detachAppender(logged);
    }
    assertThat(logged.list).filteredOn(one -> one.getLevel().equals(Level.ERROR)).isEmpty();
    assertThat(reports).isEmpty();
  }

  private static EffectSettings reportingLateAndNotWaitingAtTheEnd() {
    var limits = stageLimits(Duration.ofSeconds(LIMIT_SECONDS));
    return settings(
        8, 8, limits, APPLY_LIMIT, Duration.ofMillis(4), Duration.ofHours(1), Duration.ZERO);
  }

  private static EffectSettings settings(
      int permits,
      int boots,
      EffectSettings.StageLimits stages,
      Duration applyLimit,
      Duration retryDelay,
      Duration reportWithin,
      Duration cancelTimeout) {
    return new EffectSettings(
        permits,
        boots,
        stages,
        Duration.ZERO,
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        Duration.ofSeconds(LIMIT_SECONDS),
        Duration.ofSeconds(LIMIT_SECONDS),
        Duration.ofSeconds(1),
        SLEEP,
        applyLimit,
        retryDelay.dividedBy(4),
        retryDelay,
        reportWithin,
        cancelTimeout,
        RESTARTS);
  }

  /** Returns limits of which only the one of {@code onboard} differs. */
  private static EffectSettings.StageLimits stageLimits(Duration onboard) {
    var others = Duration.ofSeconds(LIMIT_SECONDS);
    return new EffectSettings.StageLimits(others, onboard, others, others, others, others, others);
  }

  private EffectRunner runner(int maxConcurrent, Duration stageLimit) {
    return runner(maxConcurrent, stageLimit, Duration.ZERO);
  }

  private EffectRunner runner(int maxConcurrent, Duration stageLimit, Duration reportWithin) {
    return runner(maxConcurrent, stageLimit, reportWithin, APPLY_LIMIT);
  }

  private EffectRunner runner(
      int maxConcurrent, Duration stageLimit, Duration reportWithin, Duration applyLimit) {
    return runner(
        settings(
            maxConcurrent,
            maxConcurrent,
            stageLimits(stageLimit),
            applyLimit,
            Duration.ofMillis(4),
            reportWithin,
            Duration.ofSeconds(LIMIT_SECONDS)));
  }

  private EffectRunner runner(EffectSettings settings) {
    return new EffectRunner(
        work, work, sandboxes, settings, new BootPermits(settings), Clock.systemUTC(), metrics);
  }

  /**
   * Replaces the runner by one whose pauses between tries outlast the test.
   *
   * @param permits limit of effects
   * @param boots limit of starts of OpenClaw
   */
  private void retrySeldom(int permits, int boots) {
    runner.close();
    var limit = Duration.ofSeconds(LIMIT_SECONDS);
    runner =
        runner(
            settings(
                permits,
                boots,
                stageLimits(limit),
                APPLY_LIMIT,
                Duration.ofHours(4),
                Duration.ZERO,
                limit));
  }

  private static InstanceEffect removal(String organizationId) {
    return new InstanceEffect.Remove(
        organizationId, InstanceEffect.Scope.EVERYTHING, 1, Homes.FIRST);
  }

  private static InstanceId id(int n) {
    return new InstanceId("01a20000-0000-7000-8000-0000000001%02d".formatted(n));
  }

  private InstanceCommand.Report next() throws InterruptedException {
    var report = reports.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (report == null) throw new AssertionError("no report within " + LIMIT_SECONDS + " s");
    return report;
  }

  private static RunStages stage(int attempt) {
    return plan(attempt, 0, Stage.ONBOARD);
  }

  private static RunStages plan(int attempt, int configVersion, Stage... stages) {
    return StageRuns.plan(
        InstanceEffect.Purpose.PROVISIONING,
        List.of(stages),
        attempt,
        "organization",
        new WantedConfig(configVersion, OverridesVersion.NONE, false, Map.of()),
        Sleep.OFF);
  }

  private List<Stage> finished() throws InterruptedException {
    return ((InstanceCommand.StagesFinished) next())
        .stages().stream().map(one -> one.done().stage()).toList();
  }

  private static InstanceEffect.ApplyConfig change() {
    return new InstanceEffect.ApplyConfig(
        "organization",
        1,
        "127.0.0.1:1",
        new WantedConfig(2, new OverridesVersion("v1", Taken.PENDING), false, Map.of()));
  }

  private String note() throws InterruptedException {
    return ((InstanceCommand.ConfigApplied) next()).note();
  }

  /**
   * Work whose stages wait at a gate, and whose removals and changes fail a set number of times.
   */
  private static final class ScriptedWork implements GatewayWork, SleepWork {
    final Semaphore gate = new Semaphore(0);
    final AtomicInteger begun = new AtomicInteger();
    final AtomicInteger interrupted = new AtomicInteger();
    final AtomicInteger most = new AtomicInteger();
    final AtomicInteger removals = new AtomicInteger();
    final AtomicInteger removalFailures = new AtomicInteger();
    final AtomicInteger busyGateway = new AtomicInteger();

    /** Whether a removal finds that a pool member was claimed. */
    volatile boolean claimed;

    /** How many starts are not admitted before the host has memory. */
    final AtomicInteger withoutMemory = new AtomicInteger();

    volatile Optional<RuntimeException> failure = Optional.empty();

    /** The stages whose work {@code onboard} does. */
    volatile Set<Stage> prepares = Set.of();

    /** Why the engine does not respond; empty if it does. */
    volatile Optional<SandboxException> engine = Optional.empty();

    /** Whether a sleeping gateway can be continued. */
    volatile boolean wakes;

    volatile Optional<RuntimeException> wakeFailure = Optional.empty();

    /** The organization whose gateways wake only when the gate opens. */
    volatile String hangingWakes = "";

    volatile StopResult stopResult = StopResult.OFF;
    private final Semaphore wakesTried = new Semaphore(0);

    void awaitWakes(int tries) throws InterruptedException {
      assertThat(wakesTried.tryAcquire(tries, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    /** Whether stages continue although they are interrupted. */
    volatile boolean stubborn;

    /** The thread of the last stage. */
    volatile Thread thread = Thread.currentThread();

    final List<StageRun> stageRuns = new CopyOnWriteArrayList<>();
    final List<InstanceId> removed = new CopyOnWriteArrayList<>();
    final BlockingQueue<InstanceId> secretsDeleted = new LinkedBlockingQueue<>();
    private final AtomicInteger now = new AtomicInteger();
    private final Semaphore began = new Semaphore(0);
    private final Semaphore interruptions = new Semaphore(0);
    private final Semaphore removalsTried = new Semaphore(0);
    private final Semaphore changesTried = new Semaphore(0);

    void awaitRemovals(int tries) throws InterruptedException {
      assertThat(removalsTried.tryAcquire(tries, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    void awaitChanges(int tries) throws InterruptedException {
      assertThat(changesTried.tryAcquire(tries, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    void awaitBegun(int runs) throws InterruptedException {
      assertThat(began.tryAcquire(runs, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    long tries(int attempt) {
      return stageRuns.stream().filter(stageRun -> stageRun.attempt() == attempt).count();
    }

    void awaitInterrupted(int runs) throws InterruptedException {
      assertThat(interruptions.tryAcquire(runs, LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    boolean beginsWithin(Duration limit) throws InterruptedException {
      return began.tryAcquire(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public boolean admitStart(InstanceId id, int lost) {
      return withoutMemory.getAndDecrement() <= 0;
    }

    @Override
    public Outcome run(InstanceId id, StageRun stageRun) throws InterruptedException {
      stageRuns.add(stageRun);
      thread = Thread.currentThread();
      enter();
      try {
        if (stubborn) gate.acquireUninterruptibly();
        else gate.acquire();
      } catch (InterruptedException ended) {
        interrupted.incrementAndGet();
        interruptions.release();
        throw ended;
      } finally {
        now.decrementAndGet();
      }
      if (failure.isPresent()) throw failure.get();
      var done = Outcome.executed();
      return stageRun.stage() == Stage.ONBOARD ? done.preparing(prepares) : done;
    }

    private void enter() {
      int running = now.incrementAndGet();
      most.accumulateAndGet(running, Math::max);
      begun.incrementAndGet();
      began.release();
    }

    @Override
    public void checkEngine(InstanceId id) {
      engine.ifPresent(
          why -> {
            throw why;
          });
    }

    @Override
    public Optional<Outcome> wake(InstanceId id, StageRun stageRun) throws InterruptedException {
      wakesTried.release();
      if (stageRun.organizationId().equals(hangingWakes)) gate.acquire();
      wakeFailure.ifPresent(
          why -> {
            throw why;
          });
      return wakes ? Optional.of(Outcome.thawed("", AppliedConfig.NONE)) : Optional.empty();
    }

    @Override
    public StopResult stop(InstanceId id, InstanceEffect.StopGateway stop) {
      return stopResult;
    }

    @Override
    public Slept deepen(InstanceId id, InstanceEffect.Deepen deepen) {
      return new Slept(deepen.level(), SleepMemory.NONE);
    }

    @Override
    public Applied applyConfig(InstanceId id, InstanceEffect.ApplyConfig apply) {
      changesTried.release();
      if (busyGateway.getAndDecrement() > 0) {
        throw new WorkFailure("GATEWAY_UNAVAILABLE", "busy");
      }
      return new Applied(Taken.APPLIED, "");
    }

    @Override
    public void rotateToken(InstanceId id, InstanceEffect.RotateToken rotate) {}

    @Override
    public boolean remove(InstanceId id, InstanceEffect.Remove what) {
      most.accumulateAndGet(now.get() + 1, Math::max);
      removals.incrementAndGet();
      removed.add(id);
      removalsTried.release();
      if (removalFailures.getAndDecrement() > 0) {
        throw new WorkFailure("UNREACHABLE", "the engine does not answer");
      }
      return !claimed;
    }

    @Override
    public void deleteSecrets(InstanceId id) {
      secretsDeleted.add(id);
    }

    @Override
    public void releaseSlot(InstanceId id, String organizationId) {}
  }
}
