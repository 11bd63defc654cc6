package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.actor.Ids;
import dev.chowder.effect.GatewayWork.StageRun;
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
import dev.chowder.openclaw.Channel;
import dev.chowder.openclaw.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.OpenClawConfig;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxDriver.ProcessSpec;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.sandbox.SandboxDriver.SandboxSpec;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.fake.FakeSandboxDriver;
import dev.chowder.sandbox.fake.FakeSandboxSettings;
import dev.chowder.sandbox.fake.FakeScript.Verb;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests stages that fail in part, and stages whose home is lost, replaced or used by others. */
class GatewayStagesTest {
  private static final String SNAPSHOT = "sandbox-medium";
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());

  /** Nothing listens there, so the stage records a note and no list of models. */
  private static final ModelChoice CHOICE =
      new ModelChoice("custom", "m", "http://localhost:9/v1", "");

  private static final Secret KEY = Secret.of("the-key-of-this-test");

  private static final Homes SECOND_HOME = new Homes(2, List.of(), false);

  private final FakeSandboxDriver driver = new FakeSandboxDriver(FakeSandboxSettings.instant());
  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir Path directory;
  private Database database;
  private StoredChannels channels;
  private GatewayStages stages;

  private final OneConfig one = new OneConfig(ID);

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    var secrets = new SecretStore(MasterKey.open(settings, database), database);
    secrets.put("org", SecretNames.providerKey("custom", "0"), KEY);
    var gateways = new TestGateways(secrets, driver, http);
    channels = gateways.channels();
    stages =
        gateways.stages(
            new NoOverrides(), channels, id -> "http://" + id + ".localhost:8080", SNAPSHOT);
    driver.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1));
    driver.writeFiles(
        SANDBOX,
        Fence.NONE,
        List.of(new SandboxFile(OpenClawHome.CONFIG, ByteString.copyFromUtf8("{}"), 0600)));
  }

  @AfterEach
  void close() {
    driver.close();
    database.close();
    http.close();
  }

  @Test
  void anAgentStartsWithoutAChannelWhosePluginCannotBeInstalled() throws Exception {
    one.connect(
        channels, Channel.LINE, new DesiredChannel("1", true, Map.of("channel_secret", "hush")));
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("2", true, Map.of("token", "123:hush")));
    driver.script().failNext(Verb.RUN, 1, Reason.TIMED_OUT, "task: still running");
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
      var hold = driver.script().holdNext(paused);
      var late =
          Thread.ofVirtual()
              .start(
                  () ->
                      stages.remove(
                          ID,
                          new InstanceEffect.Remove(
                              "org", InstanceEffect.Scope.SANDBOX, 1, Homes.FIRST)));
      assertThat(hold.awaitCall(Duration.ofSeconds(30))).isTrue();
      var _ = driver.remove(SANDBOX, new Fence(1, 1));
      var _ =
          stages.run(
              ID,
              new StageRun(
                  Stage.CREATE_SANDBOX,
                  2,
                  "org",
                  CHOICE,
                  WantedConfig.NONE,
                  SECOND_HOME,
                  Sleep.OFF));
      driver.writeFiles(
          SANDBOX,
          new Fence(2, 2),
          List.of(new SandboxFile("memory", ByteString.copyFromUtf8("kept"), 0600)));
      var endpoint =
          driver.start(
              SANDBOX,
              new Fence(2, 2),
              new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789));

      hold.release();
      assertThat(late.join(Duration.ofSeconds(30))).isTrue();
      assertThat(driver.observe(SANDBOX))
          .as(paused.name())
          .isEqualTo(
              new SandboxObservation(SANDBOX, Optional.of(2), new MainProcess.Up(2, endpoint)));
      assertThat(driver.readFile(SANDBOX, "memory", 100)).hasValue(ByteString.copyFromUtf8("kept"));
      var _ = driver.remove(SANDBOX, Fence.NONE);
      driver.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1));
    }
  }

  /** The engine came back without its disk, and the stage runs before an observation. */
  @Test
  void aStageWithoutItsHomeFailsWithSandboxLost() {
    var _ = driver.remove(SANDBOX, Fence.NONE);
    for (var stage : List.of(Stage.GATEWAY_TOKEN, Stage.START_GATEWAY)) {
      assertThatThrownBy(
              () ->
                  stages.run(
                      ID,
                      new StageRun(
                          stage, 2, "org", CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF)))
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
    assertThat(driver.script().calls()).noneMatch(call -> call.verb() == Verb.RUN);
  }

  @Test
  void anImageWithoutASkeletonOnboardsAsTheSkeletonDoes() throws Exception {
    var _ = stages.run(ID, stageRun(Stage.ONBOARD));
    var prepared = OpenClawConfig.parse(ByteString.copyFromUtf8(config()));
    withoutSkeleton();
    var outcome = stages.run(ID, stageRun(Stage.ONBOARD));
    assertThat(outcome.outcome()).isEqualTo(StageRecord.Outcome.EXECUTED);
    assertThat(driver.script().calls()).anyMatch(call -> call.verb() == Verb.RUN);
    assertThat(OpenClawConfig.parse(ByteString.copyFromUtf8(config()))).isEqualTo(prepared);
  }

  @Test
  void aSkeletonThatIsNoJsonFailsTheStageWithoutItsContent() {
    driver.writeFiles(
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
    var _ = driver.remove(SANDBOX, Fence.NONE);
    driver.script().withoutSkeleton();
    driver.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1));
  }

  private static StageRun stageRun(Stage stage) {
    return new StageRun(stage, 1, "org", CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF);
  }

  @Test
  void aRemovedTaskIsNoLostSandboxWhileItsHomeExists() {
    withoutSkeleton();
    driver.script().failNext(Verb.RUN, 1, Reason.NOT_FOUND, "task: its container was removed");
    assertThatThrownBy(
            () ->
                stages.run(
                    ID,
                    new StageRun(
                        Stage.ONBOARD,
                        1,
                        "org",
                        CHOICE,
                        WantedConfig.NONE,
                        Homes.FIRST,
                        Sleep.OFF)))
        .isInstanceOfSatisfying(
            SandboxException.class, why -> assertThat(why.reason()).isEqualTo(Reason.NOT_FOUND));
  }

  @Test
  void aWakeAppliesAChannelThatTheRunningGatewayDidNotTake() throws Exception {
    for (var stage : List.of(Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT, Stage.START_GATEWAY)) {
      var _ = stages.run(ID, stageRun(stage));
    }
    var _ = driver.freeze(SANDBOX, 1);
    one.connect(
        channels, Channel.TELEGRAM, new DesiredChannel("1", true, Map.of("token", "123:hush")));
    var asleep =
        new Sleep(SleepLevel.FROZEN, 1, Instant.EPOCH, SleepLevel.FROZEN, SleepMemory.NONE);
    var start =
        new StageRun(Stage.START_GATEWAY, 2, "org", CHOICE, one.wanted(), Homes.FIRST, asleep);
    assertThat(stages.wake(ID, start)).isPresent();
    assertThat(config()).contains("telegram");
    assertThat(channels.pending(ID, one.channels())).isEmpty();
  }

  @Test
  void aPageOutLeavesAGatewayAloneThatRunsMeanwhile() throws Exception {
    var process = new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789);
    var _ = driver.start(SANDBOX, new Fence(1, 1), process);
    var slept = stages.deepen(ID, new InstanceEffect.Deepen("org", 1, SleepLevel.PAGED_OUT));
    assertThat(slept.level()).isEqualTo(SleepLevel.FROZEN);
    assertThat(driver.observe(SANDBOX).mainProcess()).isInstanceOf(MainProcess.Up.class);
  }

  @Test
  void aNewHomeReplacesOnlyAHomeInWhichNoAgentRan() throws Exception {
    var second =
        new StageRun(
            Stage.CREATE_SANDBOX, 2, "org", CHOICE, WantedConfig.NONE, SECOND_HOME, Sleep.OFF);
    var _ = stages.run(ID, second);
    assertThat(driver.observe(SANDBOX).home()).hasValue(2);

    var _ = driver.remove(SANDBOX, Fence.NONE);
    driver.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 1));
    var used = new Homes(2, List.of(new Homes.Used(1, CHOICE)), false);
    assertThatThrownBy(
            () ->
                stages.run(
                    ID,
                    new StageRun(
                        Stage.CREATE_SANDBOX,
                        2,
                        "org",
                        CHOICE,
                        WantedConfig.NONE,
                        used,
                        Sleep.OFF)))
        .isInstanceOfSatisfying(
            SandboxException.class,
            why -> assertThat(why.reason()).isEqualTo(Reason.HOME_REPLACED));
    stages.remove(ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.SANDBOX, 2, used));
    assertThat(driver.observe(SANDBOX).home()).hasValue(1);
    // The journal does not know the third home, so the database may be older than the host.
    var _ = driver.remove(SANDBOX, Fence.NONE);
    driver.create(new SandboxSpec(SANDBOX, "org", SNAPSHOT, 3));
    stages.remove(ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.SANDBOX, 2, used));
    assertThat(driver.observe(SANDBOX).home()).hasValue(3);

    stages.remove(ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.EVERYTHING, 2, used));
    assertThat(driver.observe(SANDBOX).homeExists()).isFalse();
  }

  /** The restored database knows only the first provisioning; the agent was restarted since. */
  @ParameterizedTest
  @EnumSource
  void noStageOfAFirstProvisioningTouchesTheHomeOfALaterAttempt(Stage stage) {
    var process = new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789);
    var _ = driver.start(SANDBOX, new Fence(2, 1), process);
    var _ = driver.stop(SANDBOX, 2, Duration.ofSeconds(1));
    var ended = driver.observe(SANDBOX);
    assertThatThrownBy(
            () ->
                stages.run(
                    ID,
                    new StageRun(
                        stage, 1, "org", CHOICE, WantedConfig.NONE, Homes.FIRST, Sleep.OFF)))
        .isInstanceOfSatisfying(
            GatewayWork.WorkFailure.class, why -> assertThat(why.reason()).isEqualTo("REFUSED"))
        .hasMessageContainingAll("attempt 2", "attempt 1", "recover the instance");
    assertThat(driver.observe(SANDBOX)).isEqualTo(ended);
    assertThat(config()).isEqualTo("{}");
  }

  private String applyConfig() throws InterruptedException {
    return stages
        .run(
            ID,
            new StageRun(
                Stage.OPENCLAW_CONFIG, 1, "org", CHOICE, one.wanted(), Homes.FIRST, Sleep.OFF))
        .note();
  }

  private String config() {
    return file(OpenClawHome.CONFIG);
  }

  private String file(String path) {
    return driver.readFile(SANDBOX, path, 1 << 20).orElseThrow().toStringUtf8();
  }
}
