package dev.chowder.gateway;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.effect.TestGateways;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.TestStorage;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredOverridesTest {
  private static final String SNAPSHOT = "chowder/sandbox-medium:latest";
  private static final String URL = "http://i.localhost:8080";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final InstanceId id = new InstanceId(Ids.next());
  private final OneConfig one = new OneConfig(id);
  private final SandboxId sandbox = SandboxId.ofInstance(id.value());
  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @TempDir Path directory;
  private Database database;
  private SecretStore secrets;
  private StoredOverrides overrides;

  /** The version that a later one replaced. */
  private String replaced = "";

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    overrides =
        new StoredOverrides(
            secrets,
            new OpenClawAdmin(http, Duration.ofSeconds(20), TestGateways.responses()),
            new OverrideLimits(1 << 10, 16, 1000),
            Optional::empty,
            _ -> URL,
            (_, version) -> version.equals(replaced));
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
    http.close();
  }

  @Test
  void overridesAreShownMaskedAndInstancesWithoutOverridesAreLeftOut() throws Exception {
    one.store(overrides, json("{\"agents.botToken\": \"hush\", \"agents.a\": 1}"));
    var other = new OneConfig(new InstanceId(Ids.next()));
    other.store(overrides, json("{}"));
    var none = new InstanceId(Ids.next());
    assertThat(
            overrides.shown(
                Map.of(
                    id,
                    one.holding(),
                    new InstanceId(Ids.next()),
                    other.holding(),
                    none,
                    OverridesVersion.NONE)))
        .isEqualTo(Map.of(id, json("{\"agents\": {\"botToken\": \"***\", \"a\": 1}}")));
  }

  @Test
  void aRejectionNamesThePathAndChangesNothing() throws Exception {
    one.store(overrides, json("{\"agents.a\": 1}"));
    assertThatThrownBy(() -> one.patch(overrides, json("{\"gateway.port\": 1, \"agents.a\": 2}")))
        .isInstanceOfSatisfying(
            Overrides.Refused.class, why -> assertThat(why.path()).isEqualTo("gateway.port"));
    assertThatThrownBy(() -> overrides.check(json("{\"secrets\": {}}"), overrides.schema()))
        .isInstanceOf(Overrides.Refused.class);
    assertThat(shown()).isEqualTo(json("{\"agents\": {\"a\": 1}}"));
  }

  @Test
  void aStoredValueNeverChanges() throws Exception {
    one.store(overrides, json("{\"agents.a\": 1}"));
    var first = one.holding();
    one.patch(overrides, json("{\"agents.b\": 2}"));
    var second = one.holding();
    overrides.patch(id, first, Ids.next(), json("{\"agents.c\": 3}"), Optional.empty());
    assertThat(overrides.shown(Map.of(id, first)).get(id))
        .isEqualTo(json("{\"agents\": {\"a\": 1}}"));
    assertThat(overrides.shown(Map.of(id, second)).get(id))
        .isEqualTo(json("{\"agents\": {\"a\": 1, \"b\": 2}}"));
  }

  @Test
  void aChangeIsAppliedAgainOnlyUntilItsFileIsWritten() throws Exception {
    one.store(overrides, json("{\"agents.a\": 1}"));
    var crashed = json("{}");
    apply(one.wanted(), crashed);
    var file = json("{}");
    apply(one.wanted(), file);
    assertThat(file).isEqualTo(crashed);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(1);
    one.taken(Taken.APPLIED);

    file.withObject("/agents").put("a", 5);
    apply(one.wanted(), file);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(5);

    apply(one.inNewHome(), file);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(1);
  }

  @Test
  void aPatchRemovesEntriesFromANewHomeToo() throws Exception {
    one.store(overrides, json("{\"agents.a\": 1}"));
    one.taken(Taken.APPLIED);
    one.patch(overrides, json("{\"agents.a\": null, \"agents.onboarded\": null}"));
    var file = json("{\"agents\": {\"onboarded\": 1, \"other\": 2}}");
    apply(one.inNewHome(), file);
    assertThat(file.get("agents")).isEqualTo(json("{\"other\": 2}"));
  }

  /** A node was paused before its patch, and another node has patched the gateway since. */
  @Test
  void aPatchOfAReplacedValueDoesNotReachTheGateway() throws Exception {
    var gateway = startGateway();
    one.store(overrides, json("{\"agents.late\": 1}"));
    replaced = one.holding().version();
    assertThatThrownBy(() -> one.hotApply(overrides, gateway))
        .isInstanceOfSatisfying(
            WorkFailure.class, why -> assertThat(why.reason()).isEqualTo("GATEWAY_UNAVAILABLE"));
    replaced = "";
    assertThat(one.hotApply(overrides, gateway)).isEmpty();
  }

  @Test
  void anInstanceWithoutOverridesKeepsItsOwnOrigin() throws Exception {
    var file = json("{}");
    apply(one.inNewHome(), file);
    assertThat(file.at("/gateway/controlUi/allowedOrigins/0").asText()).isEqualTo(URL);
  }

  @Test
  void aRejectedChangeIsRevertedAlsoInANewHome() throws Exception {
    one.store(overrides, json("{\"agents.a\": 1}"));
    one.taken(Taken.APPLIED);
    one.patch(overrides, json("{\"agents.b\": 2}"));
    one.taken(Taken.REFUSED);
    assertThat(shown()).isEqualTo(json("{\"agents\": {\"a\": 1}}"));
    assertThat(overrides.pending(id, one.wanted())).isEmpty();
    var file = json("{}");
    apply(one.inNewHome(), file);
    assertThat(file.get("agents")).isEqualTo(json("{\"a\": 1}"));
    one.patch(overrides, json("{\"agents.c\": 3}"));
    assertThat(shown()).isEqualTo(json("{\"agents\": {\"a\": 1, \"c\": 3}}"));
  }

  @Test
  void aRunningGatewayAppliesAChangeOnce() throws Exception {
    var gateway = startGateway();
    one.store(overrides, json("{\"agents.a\": 1, \"gateway.controlUi.allowedOrigins\": []}"));
    assertThat(one.hotApply(overrides, gateway)).isEmpty();
    assertThat(file().at("/agents/a").asInt()).isEqualTo(1);
    assertThat(file().at("/gateway/controlUi/allowedOrigins/0").asText()).isEqualTo(URL);
    assertThat(file().at("/channels/mine").asBoolean()).isTrue();

    one.patch(overrides, json("{\"agents.a\": null, \"agents.b\": 2}"));
    assertThat(one.hotApply(overrides, gateway)).isEmpty();
    assertThat(file().get("agents")).isEqualTo(json("{\"b\": 2}"));
    var untouched = file();
    assertThat(one.hotApply(overrides, gateway)).isEmpty();
    assertThat(file()).isEqualTo(untouched);
  }

  @Test
  void aChangeStaysPendingForTheNextStartIfTheGatewayDoesNotRespond() throws Exception {
    var gateway = startGateway();
    engine.kill(sandbox);
    one.store(overrides, json("{\"agents.a\": 1}"));
    assertThatThrownBy(() -> one.hotApply(overrides, gateway))
        .isInstanceOf(WorkFailure.class)
        .hasMessageStartingWith("openclaw_config: ");
    var file = json("{}");
    apply(one.wanted(), file);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(1);
  }

  /** The row is as version 665faa7 wrote it, with a change that its gateway had not applied. */
  @Test
  void theRowOfAnOlderVersionIsTheBaseOfChangesAndIsNotModified() throws Exception {
    var row =
        "{\"version\":2,\"asked\":{\"agents\":{\"a\":1,\"b\":2}},\"settled\":{\"agents\":{\"a\":1}},"
            + "\"pending\":[{\"agents\":{\"b\":2}}]}";
    secrets.put(id.value(), "openclaw-config", Secret.of(row));
    var older = new OverridesVersion(SecretNames.UNVERSIONED, Taken.PENDING);
    assertThat(overrides.shown(Map.of(id, older)).get(id))
        .isEqualTo(json("{\"agents\": {\"a\": 1, \"b\": 2}}"));
    assertThat(overrides.pending(id, new WantedConfig(0, older, false, Map.of())))
        .containsExactly(json("{\"agents\": {\"b\": 2}}"));
    overrides.patch(id, older, "v1", json("{\"agents.c\": 3}"), Optional.empty());
    var newer = new OverridesVersion("v1", Taken.PENDING);
    assertThat(overrides.shown(Map.of(id, newer)).get(id))
        .isEqualTo(json("{\"agents\": {\"a\": 1, \"b\": 2, \"c\": 3}}"));
    assertThat(overrides.pending(id, new WantedConfig(0, newer, false, Map.of())))
        .containsExactly(json("{\"agents\": {\"b\": 2, \"c\": 3}}"));
    assertThat(secrets.get(id.value(), "openclaw-config")).contains(Secret.of(row));
  }

  @Test
  void aMissingValueIsAFailureRatherThanAnEmptyConfiguration() {
    var lost = new WantedConfig(1, new OverridesVersion("v1", Taken.PENDING), false, Map.of());
    assertThatThrownBy(() -> overrides.pending(id, lost))
        .isInstanceOfSatisfying(
            WorkFailure.class, why -> assertThat(why.reason()).isEqualTo("CONFIG_MISSING"));
  }

  @Test
  void aMissingValueIsSetAgainByAPatch() throws Exception {
    var lost = new OverridesVersion("v1", Taken.PENDING);

    overrides.patch(id, lost, "v2", json("{\"agents.a\": 1}"), Optional.empty());

    var again = new OverridesVersion("v2", Taken.PENDING);
    assertThat(overrides.shown(Map.of(id, again)).get(id))
        .isEqualTo(json("{\"agents\": {\"a\": 1}}"));
    assertThat(overrides.pending(id, new WantedConfig(0, again, false, Map.of())))
        .containsExactly(json("{\"agents\": {\"a\": 1}}"));
  }

  private ObjectNode shown() {
    return Objects.requireNonNull(overrides.shown(Map.of(id, one.holding())).get(id));
  }

  private void apply(WantedConfig wanted, ObjectNode file) {
    overrides.apply(id, overrides.pending(id, wanted), file);
  }

  private SandboxEndpoint startGateway() {
    var token = Secret.of("the-token-of-this-test");
    secrets.put(id.value(), SecretNames.GATEWAY_TOKEN, token);
    engine.create(new SandboxSpec(sandbox, "org", SNAPSHOT, 0, RESOURCES));
    var config = JSON.createObjectNode();
    config.putObject("channels").put("mine", true);
    OpenClawConfig.requireToken(config);
    OpenClawConfig.openEndpoints(config, URL);
    engine
        .homes()
        .writeFiles(
            sandbox,
            Fence.NONE,
            List.of(
                OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token),
                new SandboxFile(
                    OpenClawHome.CONFIG, ByteString.copyFromUtf8(config.toString()), 0600)));
    return engine.start(
        sandbox,
        Fence.ofAttempt(1),
        new ProcessSpec(
            SNAPSHOT,
            "org",
            OpenClawHome.GATEWAY_COMMAND,
            OpenClawHome.GATEWAY_ENVIRONMENT,
            OpenClawHome.GATEWAY_PORT,
            RESOURCES));
  }

  private ObjectNode file() {
    return OpenClawConfig.parse(
        engine.homes().readFile(sandbox, OpenClawHome.CONFIG, 1 << 20).orElseThrow());
  }

  private static ObjectNode json(String text) throws Exception {
    return (ObjectNode) JSON.readTree(text);
  }
}
