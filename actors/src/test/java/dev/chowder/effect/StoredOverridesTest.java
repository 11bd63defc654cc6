package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.actor.Ids;
import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawConfig;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.openclaw.OverrideLimits;
import dev.chowder.sandbox.SandboxDriver.ProcessSpec;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.sandbox.SandboxDriver.SandboxSpec;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.fake.FakeSandboxDriver;
import dev.chowder.sandbox.fake.FakeSandboxSettings;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredOverridesTest {
  private static final String SNAPSHOT = "chowder/sandbox-medium:latest";
  private static final String URL = "http://i.localhost:8080";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final InstanceId id = new InstanceId(Ids.next());
  private final SandboxId sandbox = SandboxId.ofInstance(id.value());
  private final FakeSandboxDriver driver = new FakeSandboxDriver(FakeSandboxSettings.instant());
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @TempDir Path directory;
  private Database database;
  private SecretStore secrets;
  private StoredOverrides overrides;

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    overrides =
        new StoredOverrides(
            secrets,
            new OpenClawAdmin(http, Duration.ofSeconds(5), TestGateways.responses()),
            new OverrideLimits(1 << 10, 16),
            Optional::empty,
            _ -> URL);
  }

  @AfterEach
  void close() {
    driver.close();
    database.close();
    http.close();
  }

  @Test
  void whatIsKeptIsShownMaskedAndInstancesWithoutOverridesAreLeftOut() throws Exception {
    overrides.store(id, json("{\"agents.botToken\": \"hush\", \"agents.a\": 1}"));
    var other = new InstanceId(Ids.next());
    overrides.store(other, json("{}"));
    var none = new InstanceId(Ids.next());
    assertThat(overrides.shown(List.of(id, other, none)))
        .isEqualTo(Map.of(id, json("{\"agents\": {\"botToken\": \"***\", \"a\": 1}}")));
  }

  @Test
  void aRefusalNamesThePathAndChangesNothing() throws Exception {
    overrides.store(id, json("{\"agents.a\": 1}"));
    assertThatThrownBy(() -> overrides.patch(id, json("{\"gateway.port\": 1, \"agents.a\": 2}")))
        .isInstanceOf(Overrides.Refused.class)
        .hasMessage("gateway.port: set by Chowder (expected: left out)");
    assertThatThrownBy(() -> overrides.check(json("{\"secrets\": {}}")))
        .isInstanceOf(Overrides.Refused.class);
    assertThat(overrides.shown(List.of(id)).get(id)).isEqualTo(json("{\"agents\": {\"a\": 1}}"));
  }

  @Test
  void aChangeIsAppliedUntilItsFileIsWrittenAndNotAgain() throws Exception {
    overrides.store(id, json("{\"agents.a\": 1}"));
    var crashed = json("{}");
    var _ = overrides.apply(id, crashed);
    var file = json("{}");
    int version = overrides.apply(id, file);
    assertThat(file).isEqualTo(crashed);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(1);
    overrides.applied(id, version);

    file.withObject("/agents").put("a", 5);
    var _ = overrides.apply(id, file);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(5);

    overrides.homeIsNew(id);
    var _ = overrides.apply(id, file);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(1);
  }

  @Test
  void anInstanceWithoutOverridesKeepsItsOwnOriginAndNothingIsKeptOfIt() throws Exception {
    var file = json("{}");
    overrides.homeIsNew(id);
    overrides.applied(id, overrides.apply(id, file));
    assertThat(file.at("/gateway/controlUi/allowedOrigins/0").asText()).isEqualTo(URL);
    assertThat(secrets.get(id.value(), SecretNames.OVERRIDES)).isEmpty();
  }

  @Test
  void aRunningGatewayTakesAChangeOnce() throws Exception {
    var gateway = startGateway();
    overrides.store(id, json("{\"agents.a\": 1, \"gateway.controlUi.allowedOrigins\": []}"));
    assertThat(overrides.hotApply(id, gateway)).isEmpty();
    assertThat(file().at("/agents/a").asInt()).isEqualTo(1);
    assertThat(file().at("/gateway/controlUi/allowedOrigins/0").asText()).isEqualTo(URL);
    assertThat(file().at("/channels/mine").asBoolean()).isTrue();

    overrides.patch(id, json("{\"agents.a\": null, \"agents.b\": 2}"));
    assertThat(overrides.hotApply(id, gateway)).isEmpty();
    assertThat(file().get("agents")).isEqualTo(json("{\"b\": 2}"));
    var untouched = file();
    assertThat(overrides.hotApply(id, gateway)).isEmpty();
    assertThat(file()).isEqualTo(untouched);
  }

  @Test
  void aGatewayThatCannotBeAskedLeavesTheChangeForTheNextStart() throws Exception {
    var gateway = startGateway();
    driver.kill(sandbox);
    overrides.store(id, json("{\"agents.a\": 1}"));
    assertThatThrownBy(() -> overrides.hotApply(id, gateway))
        .isInstanceOf(WorkFailure.class)
        .hasMessageStartingWith("openclaw_config: ");
    var file = json("{}");
    var _ = overrides.apply(id, file);
    assertThat(file.at("/agents/a").asInt()).isEqualTo(1);
  }

  @Test
  void changesThatComeTogetherAreAllKept() throws Exception {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var all =
          IntStream.range(0, 20)
              .mapToObj(
                  i ->
                      threads.submit(
                          () -> {
                            overrides.patch(id, json("{\"agents.a" + i + "\": 1}"));
                            return i;
                          }))
              .toList();
      for (var one : all) one.get();
    }
    assertThat(overrides.shown(List.of(id)).values())
        .singleElement()
        .satisfies(kept -> assertThat(kept.get("agents")).hasSize(20));
  }

  private SandboxEndpoint startGateway() {
    var token = Secret.of("the-token-of-this-test");
    secrets.put(id.value(), SecretNames.GATEWAY_TOKEN, token);
    driver.create(new SandboxSpec(sandbox, "org", SNAPSHOT));
    var config = JSON.createObjectNode();
    config.putObject("channels").put("mine", true);
    OpenClawConfig.demandToken(config);
    OpenClawConfig.openEndpoints(config, URL);
    driver.writeFiles(
        sandbox,
        List.of(
            OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token),
            new SandboxFile(
                OpenClawHome.CONFIG, ByteString.copyFromUtf8(config.toString()), 0600)));
    return driver.start(
        sandbox,
        1,
        new ProcessSpec(
            SNAPSHOT,
            "org",
            OpenClawHome.GATEWAY_COMMAND,
            OpenClawHome.GATEWAY_ENVIRONMENT,
            OpenClawHome.GATEWAY_PORT));
  }

  private ObjectNode file() {
    return OpenClawConfig.parse(
        driver.readFile(sandbox, OpenClawHome.CONFIG, 1 << 20).orElseThrow());
  }

  private static ObjectNode json(String text) throws Exception {
    return (ObjectNode) JSON.readTree(text);
  }
}
