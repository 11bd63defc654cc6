package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import dev.chowder.demomodel.DemoModelServer;
import dev.chowder.demomodel.DemoModelSettings;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.gateway.ImageFiles;
import dev.chowder.gateway.OneConfig;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.gateway.StoredOverrides;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.instance.Stage;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.GatewayDatabases.Finding;
import dev.chowder.openclaw.GatewaySuspension;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawChannels.Pairing;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.TaskResult;
import dev.chowder.sandbox.TaskSpec;
import dev.chowder.sandbox.docker.DockerSandboxEngine;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.sleep.GatewaySleep;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Checks Chowder's assumptions about OpenClaw against the real one: its schema, configuration
 * changes, sessions and stop. One gateway serves all tests in order, since a boot takes ten
 * seconds.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OpenClawIT {
  /** The number of tries that an effect makes within its own limit of 170 s. */
  private static final int TRIES = 5;

  /** On a loaded machine, the first response of a gateway takes most of a minute. */
  private static final Duration ANSWER_LIMIT = Duration.ofMinutes(3);

  private static final String SNAPSHOT =
      System.getenv().getOrDefault("CHOWDER_SANDBOX_IMAGE", "chowder/sandbox-medium:latest");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final InstanceId ID = new InstanceId(Ids.next());
  private static final SandboxId SANDBOX = SandboxId.ofInstance(ID.value());
  private static final String URL = "http://" + ID + ".localhost:8080";
  private static final Secret KEY = Secret.of("demo-key-for-this-test");
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final OpenClawAdmin ADMIN =
      new OpenClawAdmin(HTTP, Duration.ofSeconds(30), TestGateways.responses());

  private static final String REQUESTED_AT = "2026-11-25T20:00:00.123Z";

  /** On a loaded machine, work after a turn takes a while. */
  private static final Duration SUSPEND_LIMIT = Duration.ofMinutes(2);

  /**
   * So that the idle time of {@link EarlyClose} ends in a freeze of 60 s, more than 5 s before its
   * end: the image does not put off a later close.
   */
  private static final Duration CLOSE_DUE_WITHIN = Duration.ofSeconds(6);

  /** A close that begins with the thaw ends within a second. */
  private static final int LOOKS = 25;

  private static final Duration LOOK_PAUSE = Duration.ofMillis(200);

  @TempDir static Path directory;
  private static DockerSandboxEngine engine;
  private static DemoModelServer model;
  private static Database database;
  private static SecretStore secrets;
  private static ImageFiles images;
  private static final OneConfig ONE = new OneConfig(ID);
  private static StoredOverrides overrides;
  private static StoredChannels channels;
  private static GatewayStages stages;
  private static GatewaySleep sleep;
  private static GatewaySuspension suspension;
  private static ModelChoice choice;

  @BeforeAll
  static void open() throws Exception {
    engine =
        new DockerSandboxEngine(
            DockerSandboxSettings.from(
                ConfigFactory.parseString("chowder.sandbox.cluster-id = it-openclaw")
                    .withFallback(ConfigFactory.load())));
    engine.list().forEach(left -> engine.remove(left.id(), Fence.NONE));
    model =
        DemoModelServer.start(
            DemoModelSettings.parse(List.of("--bind", "0.0.0.0", "--port", "0"), Map.of()));
    choice =
        new ModelChoice(
            "custom", "demo", "http://localhost:" + model.port() + "/v1", "openai-completions");
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    secrets.put("org", SecretNames.providerKey("custom", "0"), KEY);
    images =
        new ImageFiles(
            engine, SandboxId.ofInstance(Ids.next()), SNAPSHOT, OPENCLAW, Duration.ofSeconds(60));
    overrides = overrides(ADMIN);
    var gateways = new TestGateways(secrets, EarlyClose.of(engine), HTTP);
    channels = gateways.channels();
    suspension = gateways.suspension();
    sleep = gateways.sleep();
    stages = gateways.stages(overrides, channels, _ -> URL, SNAPSHOT);
  }

  private static StoredOverrides overrides(OpenClawAdmin admin) {
    return TestGateways.overrides(
        secrets, admin, new OverrideLimits(256 << 10, 32, 10_000), images::schema, _ -> URL);
  }

  @AfterAll
  static void close() {
    engine.remove(SANDBOX, Fence.NONE);
    engine.close();
    model.close();
    database.close();
  }

  @Test
  @Order(1)
  void overridesAreCheckedAgainstTheSchemaOfTheImage() throws Exception {
    var schema = images.schema();
    assertThat(schema).isPresent();
    assertThatThrownBy(() -> overrides.check(json("{'logging.consoleLevl': 'info'}"), schema))
        .hasMessageStartingWith("logging.consoleLevl: ");
    assertThatThrownBy(() -> overrides.check(json("{'logging.level': 'loud'}"), schema))
        .hasMessageMatching("(?s)logging\\.level: .*debug.*");
    overrides.check(json("{'channels.telegram': {'enabled': false, 'botToken': '1:x'}}"), schema);
    assertThat(engine.list()).as("the sandbox of the read is removed").isEmpty();
  }

  @Test
  @Order(2)
  void aGatewayStartsWithItsOverridesAndWithoutSecretsInItsFile() throws Exception {
    ONE.store(overrides, json("{'agents.defaults.heartbeat.every': '2h'}"));
    run(1, Stage.OF_PROVISIONING);
    // As for a pool member, before the first turn. PoolE2E counts the requests to the model.
    assertThat(run(1, Stage.WARM_UP).note()).isEmpty();
    assertThat(file().at("/agents/defaults/heartbeat/every").asText()).isEqualTo("2h");
    assertThat(file().at("/agents/entries/main/name").asText()).isEqualTo("main");
    var token = token().reveal();
    assertThat(file().toString()).doesNotContain(KEY.reveal(), token);
    assertThat(answer("main", "Reply with exactly: nonce-1")).contains("nonce-1");
    assertThat(ADMIN.health(endpoint(), token())).isInstanceOf(AdminAnswer.Done.class);
    assertThat(ADMIN.health(endpoint(), Secret.of("wrong")))
        .isInstanceOf(AdminAnswer.TokenRefused.class);
  }

  @Test
  @Order(3)
  void aRunningGatewayAppliesChangesAndKeepsThoseOfOthers() throws Exception {
    assertThat(patched(json("{'logging': {'level': 'info'}}")))
        .isInstanceOf(AdminAnswer.Done.class);
    ONE.patch(
        overrides,
        json(
            "{'agents.defaults.heartbeat': null, 'messages': {'responsePrefix': 'P'},"
                + " 'gateway.controlUi.allowedOrigins': ['https://mine.example']}"));
    assertThat(taken(overrides)).isEmpty();
    assertThat(file().at("/agents/defaults/heartbeat").isMissingNode()).isTrue();
    assertThat(file().at("/messages/responsePrefix").asText()).isEqualTo("P");
    assertThat(file().at("/logging/level").asText()).isEqualTo("info");
    assertThat(file().at("/gateway/controlUi/allowedOrigins").toString())
        .contains(URL, "https://mine.example");
    ONE.patch(overrides, json("{'gateway.controlUi.allowedOrigins': null}"));
    assertThat(taken(overrides)).isEmpty();
    assertThat(file().at("/gateway/controlUi/allowedOrigins").toString())
        .contains(URL)
        .doesNotContain("mine.example");
  }

  /** Patches the configuration, as a client of the gateway other than Chowder does. */
  private static AdminAnswer patched(ObjectNode change) throws InterruptedException {
    AdminAnswer answer = ADMIN.patchConfig(endpoint(), token(), List.of(change));
    for (int tried = 1; answer instanceof AdminAnswer.NoAnswer && tried < TRIES; tried++) {
      answer = ADMIN.patchConfig(endpoint(), token(), List.of(change));
    }
    return answer;
  }

  /** Applies pending overrides as the effect does: retries while the gateway is busy. */
  private static String taken(StoredOverrides changed) throws InterruptedException {
    for (int tried = 1; ; tried++) {
      try {
        return ONE.hotApply(changed, endpoint());
      } catch (WorkFailure busy) {
        if (tried == TRIES) throw busy;
      }
    }
  }

  @Test
  @Order(4)
  void aChangeThatTheGatewayHasNotAppliedYetIsNotReportedAsApplied() throws Exception {
    var impatient =
        overrides(new OpenClawAdmin(HTTP, Duration.ofSeconds(10), TestGateways.responses()));
    ONE.patch(impatient, json("{'messages': {'responsePrefix': 'Q'}}"));
    assertDone(engine.tasks().exec(SANDBOX, holdsTheLeaseOfPlugins(300), Duration.ofSeconds(60)));
    assertThatThrownBy(() -> ONE.hotApply(impatient, endpoint()))
        .hasMessageContaining("did not respond to config.patch within 6 s");
    assertThat(file().at("/messages/responsePrefix").asText()).isEqualTo("Q");
    assertThatThrownBy(() -> ONE.hotApply(impatient, endpoint()))
        .hasMessageContaining("has not applied");
    assertDone(engine.tasks().exec(SANDBOX, releasesTheLeaseOfPlugins(), Duration.ofSeconds(60)));
    assertThat(taken(overrides)).isEmpty();
    assertThat(ADMIN.config(endpoint(), token()))
        .isInstanceOfSatisfying(
            AdminAnswer.Done.class,
            now ->
                assertThat(now.payload().get("appliedConfigHash"))
                    .isEqualTo(now.payload().get("configRevisionHash")));
  }

  /** OpenClaw's own command would wait for the writer. */
  @Test
  @Order(5)
  void pairingCodesAreListedWhileAnotherProcessWrites() throws Exception {
    assertDone(engine.tasks().exec(SANDBOX, requestsPairings(), Duration.ofSeconds(60)));
    var codes = OpenClawChannels.codesCommand(Channel.TELEGRAM);
    var printed = engine.tasks().exec(SANDBOX, whileWriting(codes), Duration.ofSeconds(60));
    assertDone(printed);
    var ada = pairing("4711");
    var eve = pairing("4712");
    var bob = pairing("4714");
    var waiting = List.of(ada, eve, bob);
    assertThat(OpenClawChannels.withCode(printed.output(), "AAAA2222", waiting)).contains(ada);
    assertThat(OpenClawChannels.withCode(printed.output(), "EEEE2222", waiting)).contains(eve);
    assertThat(OpenClawChannels.withCode(printed.output(), "BBBB2222", waiting)).contains(bob);
    assertThat(printed.output()).doesNotContain("LLLL2222");
  }

  private static Pairing pairing(String sender) {
    var at = Optional.of(Instant.parse(REQUESTED_AT));
    return new Pairing("id-" + sender, "default", sender, Map.of(), at, Optional.empty());
  }

  /** Returns a command that runs another one for at most 20 s and prevents all writes meanwhile. */
  private static List<String> whileWriting(List<String> command) {
    var script =
        """
        database.exec("BEGIN IMMEDIATE");
        const [file, ...words] = process.argv.slice(1);
        const ended = require("node:child_process").spawnSync(file, words, { timeout: 20000 });
        database.exec("ROLLBACK");
        process.stdout.write(ended.stdout);
        process.exitCode = ended.status ?? 124;
        """;
    var words = new ArrayList<>(ofState(script));
    // Without this, Node would take the options of the other command for its own.
    words.add("--");
    words.addAll(command);
    return words;
  }

  /**
   * Returns a command that adds the requests of four persons as OpenClaw stores them, except that
   * the data about one of them is not valid JSON.
   */
  private static List<String> requestsPairings() {
    return ofState(
        """
        const add = database.prepare("INSERT INTO channel_pairing_requests (channel_key, account_id,"
            + " request_id, code, created_at, last_seen_at, meta_json)"
            + " VALUES (?, 'default', ?, ?, '%1$s', '%1$s', ?)");
        add.run("telegram", "dm-1", "AAAA2222", JSON.stringify({ senderId: "4711" }));
        add.run("telegram", "4712", "EEEE2222", null);
        add.run("telegram", "4714", "BBBB2222", "no JSON");
        add.run("line", "4713", "LLLL2222", null);
        """
            .formatted(REQUESTED_AT));
  }

  @Test
  @Order(6)
  void aChangeThatOnlyTheGatewayRejectsIsReverted() throws Exception {
    var unchecked =
        TestGateways.overrides(
            secrets, ADMIN, new OverrideLimits(1 << 10, 8, 1000), Optional::empty, _ -> URL);
    ONE.patch(unchecked, json("{'nonsense': 1}"));
    assertThat(taken(unchecked)).startsWith("openclaw_config: ").contains("nonsense");
    assertThat(unchecked.shown(Map.of(ID, ONE.holding())).toString()).doesNotContain("nonsense");
    assertThat(taken(unchecked)).isEmpty();
  }

  @Test
  @Order(7)
  void wrongTokensOfOtherClientsDoNotLockOutChowder() throws Exception {
    for (int i = 0; i < 30; i++) {
      assertThat(ask("main", "x", Secret.of("wrong-" + i)).statusCode()).isEqualTo(401);
    }
    assertThat(ADMIN.health(endpoint(), token())).isInstanceOf(AdminAnswer.Done.class);
  }

  @Test
  @Order(8)
  @Timeout(value = 8, unit = TimeUnit.MINUTES)
  void aTurnThatRunsBeforeASuspensionIsFinished() throws Exception {
    try (var turn = streamed("s0", "Count slowly to 100")) {
      var events = turn.iterator();
      awaitEvent(events, "response.output_text.delta");
      assertThat(suspension.prepare(ID.value(), endpoint(), Duration.ofSeconds(1))).isFalse();
      assertThat(suspension.prepare(ID.value(), endpoint(), SUSPEND_LIMIT)).isTrue();
      assertThat(awaitEvent(events, "response.completed")).contains("99 100");
      assertThat(ask("s0", "hi", token()).statusCode()).isEqualTo(503);
    } finally {
      // All other tests need a gateway that takes turns.
      assertThat(resume(endpoint())).isTrue();
    }
    assertThat(answer("s0", "Reply with exactly: nonce-2")).contains("nonce-2");
  }

  /** Returns the line of the next event of a type. */
  private static String awaitEvent(Iterator<String> lines, String type) {
    while (lines.hasNext()) {
      var line = lines.next();
      if (line.startsWith("data:") && line.contains("\"type\":\"" + type + "\"")) return line;
    }
    throw new AssertionError("the turn ended without " + type);
  }

  /**
   * After more than 45 s, OpenClaw notices the freeze and restarts its channels. The close of a
   * database that falls due in the freeze is put off, so that it cannot meet a save.
   */
  @Order(9)
  @ParameterizedTest
  @ValueSource(ints = {5, 60})
  void aThawedGatewayTakesTurnsAndKnowsItsSessions(int seconds) throws Exception {
    assertThat(answer("s3", "Remember: nonce-" + seconds)).isNotEmpty();
    var gateway = endpoint();
    long open = openDatabases();
    assertThat(open).isPositive();
    boolean closeIsDue = seconds >= 60;
    assertThat(suspension.prepare(ID.value(), gateway, SUSPEND_LIMIT)).isTrue();
    docker("pause");
    Thread.sleep(Duration.ofSeconds(seconds).plus(CLOSE_DUE_WITHIN));
    docker("unpause");
    long deadline = System.nanoTime() + SUSPEND_LIMIT.toNanos();
    assertThat(suspension.admit(ID.value(), gateway, deadline)).isTrue();
    for (int look = 1; closeIsDue && look <= LOOKS; look++) {
      assertThat(openDatabases()).as("after the thaw").isEqualTo(open);
      Thread.sleep(LOOK_PAUSE);
    }
    assertThat(resume(gateway)).isTrue();
    assertThat(answer("s3", "What did I ask you to remember?")).contains("nonce-" + seconds);
  }

  /** Returns how often the gateway has a database of an agent open. */
  private static long openDatabases() throws Exception {
    var list = "ls -l /proc/[0-9]*/fd 2>/dev/null | grep -c 'openclaw-agent.sqlite$'";
    var command =
        new ProcessBuilder("docker", "exec", SANDBOX + "-gateway", "sh", "-c", list).start();
    try (var out = command.inputReader()) {
      return Long.parseLong(out.readLine());
    }
  }

  private static boolean resume(SandboxEndpoint gateway) throws InterruptedException {
    long deadline = System.nanoTime() + SUSPEND_LIMIT.toNanos();
    return suspension.admit(ID.value(), gateway, deadline)
        && suspension.canTakeTurns(ID.value(), gateway, deadline);
  }

  private static void docker(String verb) throws Exception {
    var command = new ProcessBuilder("docker", verb, SANDBOX + "-gateway").inheritIO().start();
    assertThat(command.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(command.exitValue()).isZero();
  }

  @Test
  @Order(10)
  void historyAndConfigurationSurviveAStopAndAStart() throws Exception {
    assertThat(answer("s1", "Remember: nonce-77")).isNotEmpty();
    ONE.patch(overrides, json("{'messages.responsePrefix': null}"));
    var _ = sleep.stop(ID, new InstanceEffect.StopGateway("org", 1, false));
    var holding = new TaskSpec(SNAPSHOT, "org", holdsTheLeaseOfPlugins(300), List.of(), OPENCLAW);
    assertDone(engine.tasks().run(SANDBOX, Fence.ofAttempt(1), holding, Duration.ofSeconds(60)));
    // As an agent may write it; the turns below need requests.
    var warmsUp =
        new SandboxFile(OpenClawHome.WARMS_UP, ByteString.copyFromUtf8("by the agent"), 0600);
    engine.homes().writeFiles(SANDBOX, Fence.ofAttempt(1), List.of(warmsUp));
    // Connected while the gateway is stopped, so the plugin must be installed before it starts.
    var line = Map.of("channel_access_token", "invalid", "channel_secret", "hush");
    ONE.connect(channels, Channel.LINE, new DesiredChannel("1", true, line));
    run(1, List.of(Stage.OPENCLAW_CONFIG, Stage.START_GATEWAY, Stage.PUBLISH));
    assertThat(channels.pending(ID, ONE.channels())).isEmpty();
    assertThat(ADMIN.call(endpoint(), token(), "channels.status", OpenClawConfig.none()))
        .isInstanceOfSatisfying(
            AdminAnswer.Done.class,
            now ->
                assertThat(now.payload().at("/channelAccounts/line/0/configured").asBoolean())
                    .as("%s", now.payload())
                    .isTrue());
    assertThat(file().at("/messages/responsePrefix").isMissingNode()).isTrue();
    assertThat(file().at("/logging/level").asText()).isEqualTo("info");
    assertThat(answer("s1", "What did I ask you to remember?")).contains("nonce-77");
    assertThat(answer("s2", "What did I ask you to remember?")).doesNotContain("nonce-77");
  }

  /** The previous test connected LINE, whose webhook the gateway itself serves. */
  @Test
  @Order(11)
  void aWebhookCallIsAcceptedOnlyWithItsSignature() throws Exception {
    var line = new LineCalls(HTTP, endpoint(), ANSWER_LIMIT);
    Await.until(ANSWER_LIMIT, () -> line.unsigned() == 400, () -> "no webhook of LINE is served");
    assertThat(line.signedWith("another")).isEqualTo(401);
    assertThat(line.signedWith("hush")).isEqualTo(200);
  }

  /**
   * OpenClaw's timers of 30 minutes compete for this lock after a long freeze. A holder of the lock
   * has the same effect, and each time.
   */
  @Test
  @Order(12)
  void aGatewayThatCannotUseItsDatabasesAfterTheThawIsBooted() throws Exception {
    assertThat(answer("s3", "Remember: nonce-88")).isNotEmpty();
    assertDone(engine.tasks().exec(SANDBOX, preventsTheCloseOfADatabase(), Duration.ofMinutes(5)));
    assertThat(ask("s3", "hi", token()).statusCode()).isEqualTo(500);
    assertThat(ADMIN.call(endpoint(), token(), "cron.status", json("{}")))
        .isInstanceOf(AdminAnswer.Done.class);
    long deadline = System.nanoTime() + SUSPEND_LIMIT.toNanos();
    assertThat(suspension.databases(ID.value(), endpoint(), deadline)).isEqualTo(Finding.UNUSABLE);
    assertThat(suspension.prepare(ID.value(), endpoint(), SUSPEND_LIMIT)).isTrue();
    assertThat(engine.freeze(SANDBOX, 1)).isEqualTo(1);
    var asleep =
        new Sleep(SleepLevel.FROZEN, 1, Instant.EPOCH, SleepLevel.FROZEN, SleepMemory.NONE);
    var start = StageRuns.of(Stage.START_GATEWAY, 2, choice, ONE.wanted(), Homes.FIRST, asleep);
    assertThat(stages.wake(ID, start)).isEmpty();
    var _ = stages.run(ID, start);
    assertThat(engine.observe(SANDBOX).attempt()).isEqualTo(2);
    assertThat(answer("s3", "What did I ask you to remember?")).contains("nonce-88");
  }

  /**
   * Returns a command that holds the lock of OpenClaw's databases until the close of an idle one
   * has failed.
   */
  private static List<String> preventsTheCloseOfADatabase() {
    return List.of(
        "node",
        "-e",
        """
        const fs = require("node:fs");
        const { DatabaseSync } = require("node:sqlite");
        const locks = "/tmp/openclaw-state-locks-" + process.getuid() + "/";
        const name = fs.readdirSync(locks).find((file) => file.startsWith("state-lifecycle."));
        const lock = new DatabaseSync(locks + name, { timeout: 60000 });
        lock.exec("BEGIN EXCLUSIVE");
        const isLogged = () => fs.readdirSync("/tmp/openclaw").some((file) =>
            fs.readFileSync("/tmp/openclaw/" + file, "utf8").includes("database idle cleanup failed"));
        const deadline = Date.now() + 240000;
        const check = () => {
          if (isLogged()) process.exit(0);
          if (Date.now() > deadline) process.exit(1);
          setTimeout(check, 500);
        };
        check();
        """);
  }

  @Test
  @Order(13)
  void aRemovalLeavesNothing() throws Exception {
    var _ = sleep.stop(ID, new InstanceEffect.StopGateway("org", 2, false));
    stages.remove(
        ID, new InstanceEffect.Remove("org", InstanceEffect.Scope.EVERYTHING, 2, Homes.FIRST));
    assertThat(engine.observe(SANDBOX).homeExists()).isFalse();
    assertThat(engine.list()).isEmpty();
    assertThat(secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN)).isEmpty();
  }

  /**
   * Returns a command that takes the lease of a plugin's installation. A running or killed
   * installation holds it.
   */
  private static List<String> holdsTheLeaseOfPlugins(int seconds) {
    return ofState(
        """
        const now = Date.now();
        database.prepare("INSERT OR REPLACE INTO state_leases (scope, lease_key, owner, expires_at,"
            + " heartbeat_at, created_at, updated_at)"
            + " VALUES ('core:plugin-lifecycle', 'global', 'another', ?, ?, ?, ?)")
            .run(now + %d, now, now, now);
        """
            .formatted(seconds * 1000));
  }

  private static List<String> releasesTheLeaseOfPlugins() {
    return ofState(
        """
        database.prepare("DELETE FROM state_leases WHERE scope = 'core:plugin-lifecycle'").run();
        """);
  }

  /** Returns a command that changes the gateway's own database. */
  private static List<String> ofState(String script) {
    var open =
        """
        const { DatabaseSync } = require("node:sqlite");
        const database = new DatabaseSync(process.env.HOME + "/.openclaw/state/openclaw.sqlite", { timeout: 5000 });
        """;
    return List.of("node", "-e", open + script);
  }

  private static void assertDone(TaskResult result) {
    assertThat(result.exitCode()).as(result.output()).isZero();
  }

  private static void run(int attempt, List<Stage> some) throws Exception {
    var wanted = some.contains(Stage.CREATE_SANDBOX) ? ONE.inNewHome() : ONE.wanted();
    for (var stage : some) {
      var outcome = run(attempt, stage, wanted);
      if (!outcome.config().overrides().isEmpty()) ONE.taken(Taken.APPLIED);
    }
  }

  private static Outcome run(int attempt, Stage stage) throws Exception {
    return run(attempt, stage, ONE.wanted());
  }

  private static Outcome run(int attempt, Stage stage, WantedConfig wanted) throws Exception {
    return stages.run(ID, StageRuns.of(stage, attempt, choice, wanted, Homes.FIRST, Sleep.OFF));
  }

  private static String answer(String session, String text) throws Exception {
    var response = ask(session, text, token());
    assertThat(response.statusCode()).isEqualTo(200);
    return JSON.readTree(response.body()).at("/output/0/content/0/text").asText();
  }

  private static HttpResponse<String> ask(String session, String text, Secret token)
      throws Exception {
    return HTTP.send(
        turn(session, token, body(text)).build(), HttpResponse.BodyHandlers.ofString());
  }

  /** Returns the lines of a turn's events as they arrive. */
  private static Stream<String> streamed(String session, String text) throws Exception {
    var request = turn(session, token(), body(text).put("stream", true)).build();
    var response = HTTP.send(request, HttpResponse.BodyHandlers.ofLines());
    assertThat(response.statusCode()).isEqualTo(200);
    return response.body();
  }

  private static ObjectNode body(String text) {
    return JSON.createObjectNode().put("model", "openclaw/main").put("input", text);
  }

  private static HttpRequest.Builder turn(String session, Secret token, ObjectNode body)
      throws Exception {
    return HttpRequest.newBuilder(URI.create("http://" + endpoint() + "/v1/responses"))
        .header("authorization", "Bearer " + token.reveal())
        .header("content-type", "application/json")
        .header("x-openclaw-session-key", session)
        .timeout(ANSWER_LIMIT)
        .POST(HttpRequest.BodyPublishers.ofString(body.toString()));
  }

  private static SandboxEndpoint endpoint() {
    return engine.observe(SANDBOX).endpoint().orElseThrow();
  }

  private static Secret token() {
    return secrets.get(ID.value(), SecretNames.GATEWAY_TOKEN).orElseThrow();
  }

  private static ObjectNode file() {
    return OpenClawConfig.parse(
        engine.homes().readFile(SANDBOX, OpenClawHome.CONFIG, 1 << 20).orElseThrow());
  }

  private static ObjectNode json(String text) throws Exception {
    return (ObjectNode) JSON.readTree(text.replace('\'', '"'));
  }
}
