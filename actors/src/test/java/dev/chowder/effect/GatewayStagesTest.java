package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.MaskedWork;
import dev.chowder.gateway.NoOverrides;
import dev.chowder.gateway.OneConfig;
import dev.chowder.gateway.SleepWork;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests stages that fail in part, and stages whose home is lost, replaced or used by others. */
class GatewayStagesTest {
  private static final String SNAPSHOT = "sandbox-medium";
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());
  private static final String PUBLIC_URL = "http://" + ID + ".localhost:8080";

  /** Nothing listens there, so the stage records a note and no list of models. */
  private static final ModelChoice CHOICE =
      new ModelChoice("custom", "m", "http://localhost:9/v1", "");

  private static final Secret KEY = Secret.of("the-key-of-this-test");

  private static final Duration WARM_UP_LIMIT = Duration.ofSeconds(60);

  private static final Homes SECOND_HOME = new Homes(2, List.of(), false);

  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir Path directory;
  private Database database;
  private StoredChannels channels;
  private TestGateways gateways;
  private GatewayStages stages;
  private SecretStore secrets;

  /** The stages as the effect runner calls them. */
  private GatewayWork work;

  private final OneConfig one = new OneConfig(ID);

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    secrets.put("org", SecretNames.providerKey("custom", "0"), KEY);
    gateways = new TestGateways(secrets, engine, http);
    channels = gateways.channels();
    stages = newStages(WARM_UP_LIMIT);
    work = new MaskedWork(stages, new KnownSecrets(secrets, gateways.tokens()));
    createSandbox();
  }

  /** Returns the stages of another process. */
  private GatewayStages newStages(Duration warmUpLimit) {
    return gateways.stages(new NoOverrides(), channels, id -> PUBLIC_URL, SNAPSHOT, warmUpLimit);
  }

  private void createSandbox() {
    engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1, OPENCLAW));
    engine
        .homes()
        .writeFiles(
            SANDBOX,
            Fence.NONE,
            List.of(new SandboxFile(OpenClawHome.CONFIG, ByteString.copyFromUtf8("{}"), 0600)));
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
    http.close();
  }

  @Test
  void anAgentStartsWithoutAChannelWhosePluginCannotBeInstalled() throws Exception {
    one.connect(
        channels, Channel.LINE, new DesiredChannel("1", true, Map.of("channel_secret", "hush")));
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("2", true, Map.of("token", "123:hush")));
    engine.script().failNext(Verb.RUN, 1, Reason.TIMED_OUT, "task: still running");
    assertThat(applyConfig()).startsWith("line: ");
    assertThat(config()).contains("telegram").doesNotContain("line");
    assertThat(channels.pending(ID, one.channels())).isNotEmpty();

    assertThat(applyConfig()).isEmpty();
    assertThat(config()).contains("telegram", "line");
    assertThat(channels.pending(ID, one.channels())).isEmpty();
  }

  /**
   * The removal began during the first attempt, and the node was paused. Meanwhile another node
   * created a second home, in which an agent runs.
   */
  @Test
  void aNodeThatWasPausedDuringARemovalKeepsTheNewHomeAndItsAgent() throws Exception {
    for (var paused : List.of(Verb.REMOVE_PROCESSES, Verb.OBSERVE, Verb.REMOVE)) {
      var hold = engine.script().holdNext(paused);
      var late =
          Thread.ofVirtual()
              .start(
                  () ->
                      stages.remove(
                          ID,
                          new InstanceEffect.Remove(
                              "org", InstanceEffect.Scope.SANDBOX, 1, Homes.FIRST)));
      assertThat(hold.awaitCall(Duration.ofSeconds(30))).isTrue();
      var _ = engine.remove(SANDBOX, new Fence(1, 1));
      var _ =
          stages.run(
              ID,
              StageRuns.of(
                  Stage.CREATE_SANDBOX, 2, CHOICE, WantedConfig.NONE, SECOND_HOME, Sleep.OFF));
      engine
          .homes()
          .writeFiles(
              SANDBOX,
              new Fence(2, 2),
              List.of(new SandboxFile("memory", ByteString.copyFromUtf8("kept"), 0600)));
      var endpoint =
          engine.start(
              SANDBOX,
              new Fence(2, 2),
              new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789, OPENCLAW));

      hold.release();
      assertThat(late.join(Duration.ofSeconds(30))).isTrue();
      assertThat(engine.observe(SANDBOX))
          .as(paused.name())
          .isEqualTo(
              new SandboxObservation(SANDBOX, Optional.of(2), new MainProcess.Up(2, endpoint)));
      assertThat(engine.homes().readFile(SANDBOX, "memory", 100))
          .hasValue(ByteString.copyFromUtf8("kept"));
      var _ = engine.remove(SANDBOX, Fence.NONE);
      engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1, OPENCLAW));
    }
  }

  /** The engine did not respond for so long that the instance forgot the sleep. */
  @Test
  void aFrozenGatewayEndsBeforeTheConfigurationIsWritten() throws Exception {
    var _ =
        engine.start(
            SANDBOX,
            new Fence(1, 1),
            new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789, OPENCLAW));
    engine.freeze(SANDBOX, 1);
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("1", true, Map.of("token", "123:hush")));
    int before = engine.script().calls().size();
    var _ =
        stages.run(
            ID,
            StageRuns.of(Stage.OPENCLAW_CONFIG, 2, CHOICE, one.wanted(), Homes.FIRST, Sleep.OFF));
    assertThat(config()).contains("telegram");
    assertThat(engine.script().calls().stream().skip(before).map(FakeScript.Call::verb))
        .containsSubsequence(Verb.STOP, Verb.WRITE_FILES);
    assertThat(engine.observe(SANDBOX).mainProcess()).isEqualTo(new MainProcess.Ended(1, 0, false));
  }

  @Test
  void aFrozenGatewayIsKilledIfTheHostHasNoMemoryToReadItBack() throws Exception {
    startGateway();
    engine.freeze(SANDBOX, 1);
    engine.pageOut(SANDBOX, 1);
    engine.script().withoutMemory();
    var _ =
        stages.run(
            ID,
            StageRuns.of(Stage.OPENCLAW_CONFIG, 2, CHOICE, one.wanted(), Homes.FIRST, Sleep.OFF));
    assertThat(engine.observe(SANDBOX).mainProcess())
        .isEqualTo(new MainProcess.Ended(1, 137, false));
  }

  /** The engine came back without its disk, and the stage runs before an observation. */
  @Test
  void aStageWithoutItsHomeFailsWithSandboxLost() {
    var _ = engine.remove(SANDBOX, Fence.NONE);
    for (var stage : List.of(Stage.GATEWAY_TOKEN, Stage.START_GATEWAY)) {
      assertThatThrownBy(
              () ->
                  stages.run(
                      ID,
                      StageRuns.of(stage, 2, CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF)))
          .as(stage.label())
          .isInstanceOfSatisfying(
              GatewayWork.WorkFailure.class,
              why -> assertThat(why.reason()).isEqualTo("SANDBOX_LOST"));
    }
  }

  /** The second run is that of a node that crashed after the first. */
  @Test
  void onboardingCompletesTheSkeletonOfTheImageAndRunsNothing() throws Exception {
    for (int run = 1; run <= 2; run++) {
      var outcome = stages.run(ID, stageRun(Stage.ONBOARD));
      assertThat(outcome.outcome()).isEqualTo(StageRecord.Outcome.PREPARED);
      assertThat(config())
          .contains("\"bind\" : \"lan\"", "custom/m", "chowder/provider-key")
          .doesNotContain(KEY.reveal());
      assertThat(file(OpenClawHome.PROVIDER_KEY)).isEqualTo(KEY.reveal());
    }
    assertThat(engine.script().calls()).noneMatch(call -> call.verb() == Verb.RUN);
  }

  @Test
  void onboardingWritesAllFilesAtOnce() throws Exception {
    var outcome = stages.run(ID, stageRun(Stage.ONBOARD));
    assertThat(outcome.prepares())
        .containsExactlyInAnyOrder(Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT);
    var written = OpenClawConfig.parse(ByteString.copyFromUtf8(config()));
    assertThat(written.at("/gateway/http/endpoints/responses/enabled").asBoolean()).isTrue();
    assertThat(written.at("/gateway/controlUi/allowedOrigins").toString()).contains(PUBLIC_URL);
    assertThat(written.at("/gateway/auth/token/provider").asText()).isNotEmpty();
    assertThat(file(OpenClawHome.GATEWAY_TOKEN))
        .isEqualTo(secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN).orElseThrow().reveal());
  }

  /** The stage can be repeated in the home of an agent that ran, if a crash lost its report. */
  @Test
  void aSkeletonThatAnAgentChangedIsNotReadIfThatOfTheImageIsKnown() throws Exception {
    gateways.haveSkeleton(
        engine.homes().readFile(SANDBOX, OpenClawHome.SKELETON, 1 << 20).orElseThrow());
    changeSkeleton();
    var calls = engine.script().calls().size();
    var _ = stages.run(ID, stageRun(Stage.ONBOARD));
    assertThat(engine.script().calls().subList(calls, engine.script().calls().size()))
        .extracting(FakeScript.Call::verb)
        .contains(Verb.PREPARE, Verb.WRITE_FILES)
        .doesNotHaveDuplicates()
        .doesNotContain(Verb.READ_FILE);
    assertThat(config()).contains("\"bind\" : \"lan\"").doesNotContain("by-the-agent");
  }

  @Test
  void aSkeletonThatAnAgentChangedReachesNoOtherHome() throws Exception {
    changeSkeleton();
    var _ = stages.run(ID, stageRun(Stage.ONBOARD));
    assertThat(config()).contains("by-the-agent");
    assertThat(engine.remove(SANDBOX, Fence.NONE)).isTrue();
    engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1, OPENCLAW));
    var _ = stages.run(ID, stageRun(Stage.ONBOARD));
    assertThat(config()).contains("\"bind\" : \"lan\"").doesNotContain("by-the-agent");
  }

  private void changeSkeleton() {
    var changed = ByteString.copyFromUtf8("{agents: {defaults: {workspace: 'by-the-agent'}}}");
    engine
        .homes()
        .writeFiles(
            SANDBOX, Fence.NONE, List.of(new SandboxFile(OpenClawHome.SKELETON, changed, 0600)));
  }

  /** A node crashed after it onboarded, or it had an earlier version of Chowder. */
  @Test
  void theStagesAfterOnboardingChangeNothingThatOnboardingWrote() throws Exception {
    assertThat(stages.run(ID, stageRun(Stage.ONBOARD)).note()).as("no provider").isNotEmpty();
    var config = config();
    var token = file(OpenClawHome.GATEWAY_TOKEN);
    for (var stage : List.of(Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT)) {
      assertThat(stages.run(ID, stageRun(stage))).isEqualTo(GatewayWork.Outcome.executed());
    }
    assertThat(config()).isEqualTo(config);
    assertThat(file(OpenClawHome.GATEWAY_TOKEN)).isEqualTo(token);
  }

  @Test
  void anImageWithoutASkeletonOnboardsAsTheSkeletonDoes() throws Exception {
    var _ = stages.run(ID, stageRun(Stage.ONBOARD));
    var prepared = OpenClawConfig.parse(ByteString.copyFromUtf8(config()));
    withoutSkeleton();
    var outcome = stages.run(ID, stageRun(Stage.ONBOARD));
    assertThat(outcome.outcome()).isEqualTo(StageRecord.Outcome.EXECUTED);
    assertThat(engine.script().calls()).anyMatch(call -> call.verb() == Verb.RUN);
    assertThat(OpenClawConfig.parse(ByteString.copyFromUtf8(config()))).isEqualTo(prepared);
  }

  @Test
  void aSkeletonThatIsNoJsonFailsTheStageWithoutItsContent() {
    engine
        .homes()
        .writeFiles(
            SANDBOX,
            Fence.NONE,
            List.of(new SandboxFile(OpenClawHome.SKELETON, ByteString.copyFromUtf8("hush"), 0600)));
    assertThatThrownBy(() -> stages.run(ID, stageRun(Stage.ONBOARD)))
        .isInstanceOfSatisfying(
            GatewayWork.WorkFailure.class,
            why -> assertThat(why.reason()).isEqualTo("CONFIG_BROKEN"))
        .hasMessageNotContaining("hush");
  }

  private void withoutSkeleton() {
    var _ = engine.remove(SANDBOX, Fence.NONE);
    engine.script().withoutSkeleton();
    engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1, OPENCLAW));
  }

  private static StageRun stageRun(Stage stage) {
    return StageRuns.of(stage, 1, CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF);
  }

  @Test
  void aRemovedTaskIsNoLostSandboxWhileItsHomeExists() {
    withoutSkeleton();
    engine.script().failNext(Verb.RUN, 1, Reason.NOT_FOUND, "task: its container was removed");
    assertThatThrownBy(
            () ->
                stages.run(
                    ID,
                    StageRuns.of(
                        Stage.ONBOARD, 1, CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF)))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.NOT_FOUND));
  }

  @Test
  void aWakeAppliesAChannelThatTheRunningGatewayDidNotTake() throws Exception {
    startGateway();
    var _ = engine.freeze(SANDBOX, 1);
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("1", true, Map.of("token", "123:hush")));
    var asleep =
        new Sleep(SleepLevel.FROZEN, 1, Instant.EPOCH, SleepLevel.FROZEN, SleepMemory.NONE);
    var start = StageRuns.of(Stage.START_GATEWAY, 2, CHOICE, one.wanted(), Homes.FIRST, asleep);
    assertThat(stages.wake(ID, start)).isPresent();
    assertThat(config()).contains("telegram");
    assertThat(channels.pending(ID, one.channels())).isEmpty();
  }

  private void startGateway() throws InterruptedException {
    for (var stage : List.of(Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT, Stage.START_GATEWAY)) {
      var _ = stages.run(ID, stageRun(stage));
    }
  }

  @Test
  void theMarkIsPresentDuringTheWarmUpTurnsAndEmptyAfterwards() throws Exception {
    startGateway();
    var turn = engine.script().holdNextTurn();
    var outcome = new CompletableFuture<GatewayWork.Outcome>();
    var stage =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    outcome.complete(stages.run(ID, stageRun(Stage.WARM_UP)));
                  } catch (Exception why) {
                    outcome.completeExceptionally(why);
                  }
                });
    assertThat(turn.awaitCall(Duration.ofSeconds(20))).isTrue();
    assertThat(warmsUp()).isNotEmpty();
    turn.release();
    stage.join();
    assertThat(outcome.join()).isEqualTo(GatewayWork.Outcome.executed());
    assertThat(warmsUp()).isEmpty();
    // The stage runs again after a lost call of the engine.
    assertThat(stages.run(ID, stageRun(Stage.WARM_UP))).isEqualTo(GatewayWork.Outcome.executed());
    assertThat(warmsUp()).isEmpty();
  }

  @Test
  void aStopEndsAGatewayThatDoesNotFinishItsTurnInTime() throws Exception {
    startGateway();
    var stop = new InstanceEffect.StopGateway("org", 1, true);
    var turn = engine.script().holdNextTurn();
    assertThatItIsNotWarm("late", newStages(Duration.ofSeconds(2)));
    assertThat(turn.awaitCall(Duration.ofSeconds(20))).isTrue();
    assertThat(gateways.sleep(Duration.ofMillis(200)).stop(ID, stop))
        .isEqualTo(SleepWork.StopResult.OFF);
    // With SIGTERM: a killed process has the exit code 137.
    assertThat(engine.observe(SANDBOX).mainProcess()).isEqualTo(new MainProcess.Ended(1, 0, false));
    turn.release();
  }

  @ParameterizedTest
  @EnumSource(names = {"NOT_FOUND", "REFUSED"})
  void aFrozenGatewaySleepsAlsoIfItsMemoryCannotBeMeasured(Reason reason) throws Exception {
    startGateway();
    engine.script().failNext(Verb.MEMORY, 1, reason, "played");
    var stop = new InstanceEffect.StopGateway("org", 1, true);
    var slept = gateways.sleep(Duration.ofSeconds(20)).stop(ID, stop).slept();
    assertThat(slept.level()).isEqualTo(SleepLevel.FROZEN);
    assertThat(slept.memory()).isEqualTo(SleepMemory.NONE);
    assertThat(engine.observe(SANDBOX).mainProcess()).isEqualTo(new MainProcess.Paused(1));
  }

  @Test
  void aStopFreezesAGatewayThatFinishesItsTurnInTime() throws Exception {
    startGateway();
    var stop = new InstanceEffect.StopGateway("org", 1, true);
    var turn = engine.script().holdNextTurn();
    assertThatItIsNotWarm("late", newStages(Duration.ofSeconds(2)));
    assertThat(turn.awaitCall(Duration.ofSeconds(20))).isTrue();
    var stopped = new CompletableFuture<SleepWork.StopResult>();
    var stopping =
        Thread.ofVirtual()
            .start(
                () -> {
                  try {
                    stopped.complete(gateways.sleep(Duration.ofSeconds(20)).stop(ID, stop));
                  } catch (Exception why) {
                    stopped.completeExceptionally(why);
                  }
                });
    Await.until(() -> !isReady());
    turn.release();
    stopping.join();
    assertThat(stopped.join().slept().level()).isEqualTo(SleepLevel.FROZEN);
    assertThat(engine.observe(SANDBOX).mainProcess()).isEqualTo(new MainProcess.Paused(1));
  }

  /** All ten tries of the sixth check fail, and the next check succeeds. */
  @Test
  void oneFindingAfterChecksWithoutAResultDoesNotEndAGateway() throws Exception {
    startGateway();
    var checks = gateways.checks(Duration.ofMillis(20));
    engine.script().failNext(Verb.OBSERVE, 5, Reason.ENGINE_UNREACHABLE, "no answer");
    engine.script().lockDatabases(10);
    int before = observations();
    checks.begin(ID, 1, 1);
    Await.until(() -> !checks.isBusy());
    assertThat(engine.script().lockedUsesLeft()).isZero();
    // Five without a result, the finding, and the next check.
    assertThat(observations()).isEqualTo(before + 7);
    assertThat(engine.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Up.class);
  }

  @Test
  void repeatedBeginsOfAStartCheckOnce() throws Exception {
    assertThat(observationsAfterAnotherBegin(1)).isZero();
  }

  @Test
  void anotherStartDuringACheckIsCheckedToo() throws Exception {
    assertThat(observationsAfterAnotherBegin(2)).isPositive();
  }

  /** Begins checks for this attempt during the first check of attempt 1. */
  private int observationsAfterAnotherBegin(int attempt) throws Exception {
    startGateway();
    var checks = gateways.checks(Duration.ofMillis(20));
    var check = engine.script().holdNext(Verb.OBSERVE);
    checks.begin(ID, 1, 1);
    assertThat(check.awaitCall(Duration.ofSeconds(20))).isTrue();
    int before = observations();
    checks.begin(ID, 1, attempt);
    // A second series would observe in this time.
    Thread.sleep(Duration.ofMillis(200));
    check.release();
    Await.until(() -> !checks.isBusy());
    return observations() - before;
  }

  private boolean isReady() {
    var up = (MainProcess.Up) engine.observe(SANDBOX).mainProcess();
    var request = HttpRequest.newBuilder(URI.create("http://" + up.endpoint() + "/readyz")).build();
    try {
      return http.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException | InterruptedException why) {
      throw new AssertionError(why);
    }
  }

  private int observations() {
    return (int)
        engine.script().calls().stream().filter(call -> call.verb() == Verb.OBSERVE).count();
  }

  @Test
  void aGatewayWhoseWarmUpTurnTakesTooLongStaysWithoutRequests() throws Exception {
    startGateway();
    var turn = engine.script().holdNextTurn();
    assertThatItIsNotWarm("late", newStages(Duration.ofSeconds(2)));
    assertThat(turn.awaitCall(Duration.ofSeconds(20))).isTrue();
    assertThat(warmsUp()).isNotEmpty();
    turn.release();
  }

  @Test
  void aGatewayThatLosesTheConnectionOfAWarmUpTurnStaysWithoutRequests() throws Exception {
    startGateway();
    engine.script().closeNextTurn();
    assertThatItIsNotWarm("lost connection", stages);
    assertThat(warmsUp()).isNotEmpty();
  }

  @Test
  void aGatewayWhoseWarmUpTurnFailedIsUsedAsItIs() throws Exception {
    startGateway();
    // The check before the turns uses the databases twice.
    engine.script().withDatabasesLostByThaw(2);
    var _ = engine.freeze(SANDBOX, 1);
    var process =
        new ProcessSpec(
            SNAPSHOT,
            "org",
            OpenClawHome.GATEWAY_COMMAND,
            OpenClawHome.GATEWAY_ENVIRONMENT,
            OpenClawHome.GATEWAY_PORT,
            OPENCLAW);
    assertThat(engine.thaw(SANDBOX, new Fence(1, 1), 1, process)).isPresent();
    var outcome = stages.run(ID, stageRun(Stage.WARM_UP));
    assertThat(outcome.note()).isEqualTo("not warmed up: the gateway answered 500");
    assertThat(warmsUp()).isEmpty();
  }

  private String warmsUp() {
    return engine.homes().readFile(SANDBOX, OpenClawHome.WARMS_UP, 9).orElseThrow().toStringUtf8();
  }

  /** A turn of its gateway would call the model provider. */
  @Test
  void aGatewayOfAnotherImageIsNotWarmed() throws Exception {
    engine.remove(SANDBOX, Fence.NONE);
    engine.script().withoutSkeleton();
    createSandbox();
    startGateway();
    var turn = engine.script().holdNextTurn();
    assertThat(stages.run(ID, stageRun(Stage.WARM_UP))).isEqualTo(GatewayWork.Outcome.skipped());
    assertThat(turn.awaitCall(Duration.ZERO)).isFalse();
  }

  @Test
  void aGatewayThatTakesNoMessagesIsNotWarm() throws Exception {
    assertThatItIsNotWarm("no process", stages);
    startGateway();
    var _ = engine.freeze(SANDBOX, 1);
    assertThatItIsNotWarm("frozen", stages);
  }

  @Test
  void theWarmUpOfAGatewayThatEndedReportsItsEnd() throws Exception {
    startGateway();
    engine.killForMemory(SANDBOX);
    assertThatItIsNotWarm("ended", stages, "OUT_OF_MEMORY");
  }

  private static void assertThatItIsNotWarm(String why, GatewayStages warming) {
    assertThatItIsNotWarm(why, warming, "GATEWAY_NOT_READY");
  }

  private static void assertThatItIsNotWarm(String why, GatewayStages warming, String reason) {
    assertThatThrownBy(() -> warming.run(ID, stageRun(Stage.WARM_UP)))
        .as(why)
        .isInstanceOfSatisfying(
            GatewayWork.WorkFailure.class,
            failure -> assertThat(failure.reason()).isEqualTo(reason));
  }

  /** The gateway of a claimed pool member was never frozen. */
  @Test
  void aClaimAppliesItsConfigurationInTheRunningGateway() throws Exception {
    startGateway();
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("1", true, Map.of("token", "123:hush")));
    assertThat(stages.run(ID, claimed(Stage.OPENCLAW_CONFIG)).outcome())
        .isEqualTo(StageRecord.Outcome.SKIPPED);
    assertThat(config()).doesNotContain("telegram");
    assertThat(stages.wake(ID, claimed(Stage.START_GATEWAY)))
        .hasValueSatisfying(
            woken -> {
              assertThat(woken.thawed()).isTrue();
              assertThat(woken.config().version()).isEqualTo(1);
            });
    assertThat(config()).contains("telegram");
    assertThat(channels.pending(ID, one.channels())).isEmpty();
    assertThat(engine.observe(SANDBOX).attempt()).as("the same process").isEqualTo(1);
    assertThat(stages.run(ID, claimed(Stage.PUBLISH)).endpoint()).isPresent();
  }

  @Test
  void aClaimBootsAGatewayThatEnded() throws Exception {
    startGateway();
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("1", true, Map.of("token", "123:hush")));
    var _ = engine.stop(SANDBOX, 1, Duration.ofSeconds(1));
    assertThat(stages.wake(ID, claimed(Stage.START_GATEWAY))).isEmpty();
    assertThat(stages.run(ID, claimed(Stage.START_GATEWAY)).thawed()).isFalse();
    assertThat(config()).contains("telegram");
    assertThat(engine.observe(SANDBOX).attempt()).isEqualTo(2);
  }

  /** Returns a stage of an instance that was claimed with a configuration. */
  private StageRun claimed(Stage stage) {
    var runs = new Sleep(SleepLevel.FROZEN, 1, Instant.EPOCH, SleepLevel.FROZEN, SleepMemory.NONE);
    var homes = new Homes(1, List.of(new Homes.Used(1, CHOICE)), false);
    return StageRuns.of(stage, 2, CHOICE, one.inNewHome(), homes, runs);
  }

  /** The database was restored from a time before the claim. */
  @ParameterizedTest
  @ValueSource(ints = {0, 2048})
  void theRemovalOfAMemberKeepsAHomeThatIsMarkedAsClaimed(int size) throws Exception {
    startGateway();
    // An agent may have changed the mark.
    var mark = ByteString.copyFrom(new byte[size]);
    engine
        .homes()
        .writeFiles(
            SANDBOX, Fence.NONE, List.of(new SandboxFile(OpenClawHome.CLAIMED, mark, 0600)));
    assertThat(work.remove(ID, member())).isFalse();
    assertThat(engine.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Up.class);
    assertThat(file(OpenClawHome.CONFIG)).isNotEmpty();
    assertThat(secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN)).isPresent();
  }

  @Test
  void theRemovalOfAMemberRemovesEverythingIfItWasNotClaimed() throws Exception {
    startGateway();
    assertThat(work.remove(ID, member())).isTrue();
    assertThat(engine.observe(SANDBOX)).isEqualTo(SandboxObservation.nothing(SANDBOX));
    assertThat(secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN)).isEmpty();
    assertThat(work.remove(ID, member())).as("again").isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"ENGINE_UNREACHABLE", "REFUSED"})
  void theRemovalOfAMemberWaitsUntilItCanLookForTheMark(Reason reason) {
    engine.script().failNext(Verb.READ_FILE, 1, reason, "docker: no answer");
    assertThatThrownBy(() -> work.remove(ID, member()))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(reason));
    assertThat(engine.observe(SANDBOX).homeExists()).isTrue();
  }

  private static InstanceEffect.Remove member() {
    return new InstanceEffect.Remove("org", InstanceEffect.Scope.MEMBER, 1, Homes.FIRST);
  }

  @Test
  void aPageOutLeavesAGatewayAloneThatRunsMeanwhile() throws Exception {
    var process = new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789, OPENCLAW);
    var _ = engine.start(SANDBOX, new Fence(1, 1), process);
    var slept =
        gateways.sleep().deepen(ID, new InstanceEffect.Deepen("org", 1, SleepLevel.PAGED_OUT));
    assertThat(slept.level()).isEqualTo(SleepLevel.FROZEN);
    assertThat(engine.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Up.class);
  }

  @Test
  void aNewHomeReplacesOnlyAHomeInWhichNoAgentRan() throws Exception {
    var second =
        StageRuns.of(Stage.CREATE_SANDBOX, 2, CHOICE, WantedConfig.NONE, SECOND_HOME, Sleep.OFF);
    assertThat(stages.run(ID, second).sandbox()).hasValue(engine.ref(SANDBOX));
    assertThat(engine.observe(SANDBOX).home()).hasValue(2);

    var _ = engine.remove(SANDBOX, Fence.NONE);
    engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1, OPENCLAW));
    var used = new Homes(2, List.of(new Homes.Used(1, CHOICE)), false);
    assertThatThrownBy(
            () ->
                stages.run(
                    ID,
                    StageRuns.of(
                        Stage.CREATE_SANDBOX, 2, CHOICE, WantedConfig.NONE, used, Sleep.OFF)))
        .isInstanceOfSatisfying(
            SandboxException.class,
            why -> assertThat(why.reason()).isEqualTo(Reason.HOME_REPLACED));
    stages.remove(ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.SANDBOX, 2, used));
    assertThat(engine.observe(SANDBOX).home()).hasValue(1);
    // The journal does not know the third home, so the database may be older than the host.
    var _ = engine.remove(SANDBOX, Fence.NONE);
    engine.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 3, OPENCLAW));
    stages.remove(ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.SANDBOX, 2, used));
    assertThat(engine.observe(SANDBOX).home()).hasValue(3);

    stages.remove(ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.EVERYTHING, 2, used));
    assertThat(engine.observe(SANDBOX).homeExists()).isFalse();
  }

  /** The restored database knows only the first provisioning; the agent was restarted since. */
  @ParameterizedTest
  @EnumSource
  void noStageOfAFirstProvisioningTouchesTheHomeOfALaterAttempt(Stage stage) {
    var process = new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789, OPENCLAW);
    var _ = engine.start(SANDBOX, new Fence(2, 1), process);
    var _ = engine.stop(SANDBOX, 2, Duration.ofSeconds(1));
    var ended = engine.observe(SANDBOX);
    assertThatThrownBy(
            () ->
                stages.run(
                    ID, StageRuns.of(stage, 1, CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF)))
        .isInstanceOfSatisfying(
            GatewayWork.WorkFailure.class, why -> assertThat(why.reason()).isEqualTo("REFUSED"))
        .hasMessageContainingAll("attempt 2", "attempt 1", "recover the instance");
    assertThat(engine.observe(SANDBOX)).isEqualTo(ended);
    assertThat(config()).isEqualTo("{}");
  }

  private String applyConfig() throws InterruptedException {
    return stages
        .run(
            ID,
            StageRuns.of(Stage.OPENCLAW_CONFIG, 1, CHOICE, one.wanted(), Homes.FIRST, Sleep.OFF))
        .note();
  }

  private String config() {
    return file(OpenClawHome.CONFIG);
  }

  private String file(String path) {
    return engine.homes().readFile(SANDBOX, path, 1 << 20).orElseThrow().toStringUtf8();
  }
}
