package dev.chowder.effect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.actor.Ids;
import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.Channel;
import dev.chowder.openclaw.ChannelRecord.Wish;
import dev.chowder.openclaw.OpenClawConfig;
import dev.chowder.openclaw.OpenClawHome;
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
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredChannelsTest {
  private static final String SNAPSHOT = "chowder/sandbox-medium:latest";
  private static final Wish ON = new Wish("1", true, Map.of("token", "123:hush"));

  private final InstanceId id = new InstanceId(Ids.next());
  private final SandboxId sandbox = SandboxId.ofInstance(id.value());
  private final FakeSandboxDriver driver = new FakeSandboxDriver(FakeSandboxSettings.instant());
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @TempDir Path directory;
  private Database database;
  private SecretStore secrets;
  private StoredChannels channels;

  @BeforeEach
  void open() {
    database = TestStorage.open(directory);
    var settings = SecretSettings.from(TestStorage.config(directory));
    secrets = new SecretStore(MasterKey.open(settings, database), database);
    channels = new TestGateways(secrets, driver, http).channels();
  }

  @AfterEach
  void close() {
    driver.close();
    database.close();
    http.close();
  }

  @Test
  void eachChannelIsKeptByItselfAndOnlyForItsInstance() {
    channels.ask(id, Channel.TELEGRAM, ON);
    channels.ask(id, Channel.LINE, new Wish("2", false, Map.of()));
    channels.ask(new InstanceId(Ids.next()), Channel.SLACK, ON);
    assertThat(channels.all(id)).containsOnlyKeys(Channel.TELEGRAM, Channel.LINE);
    assertThat(channels.of(id, Channel.TELEGRAM).orElseThrow().asked()).isEqualTo(ON);
    assertThat(channels.of(id, Channel.SLACK)).isEmpty();
  }

  @Test
  void aFileGetsWhatItHasNotSeenOnce() {
    channels.ask(id, Channel.TELEGRAM, ON);
    assertThat(channels.isPending(id)).isTrue();
    var config = OpenClawConfig.parse(ByteString.copyFromUtf8("{\"a\":1}"));
    var applied = channels.apply(id, config, Set.of());
    assertThat(config.at("/channels/telegram/botToken").asText()).isEqualTo("123:hush");
    // A crash before the file was written.
    assertThat(channels.isPending(id)).isTrue();
    channels.applied(id, applied);
    assertThat(channels.isPending(id)).isFalse();
    channels.homeIsNew(id);
    assertThat(channels.isPending(id)).isTrue();
  }

  @Test
  void aRunningGatewayTakesItAndWhatItRefusesIsTakenBack() throws Exception {
    var gateway = startGateway();
    channels.ask(id, Channel.TELEGRAM, ON);
    assertThat(channels.hotApply(id, gateway)).isEmpty();
    assertThat(config()).contains("123:hush");
    assertThat(channels.isPending(id)).isFalse();
    assertThat(channels.hotApply(id, gateway)).isEmpty();

    channels.ask(id, Channel.TELEGRAM, new Wish("2", false, ON.config()));
    assertThat(channels.hotApply(id, gateway)).isEmpty();
    assertThat(config()).contains("\"enabled\" : false").contains("123:hush");

    // A gateway that does not know the channel, whatever is installed.
    channels.ask(id, Channel.DISCORD, new Wish("3", true, Map.of("token", "forbidden-hush")));
    assertThat(channels.hotApply(id, gateway))
        .isEqualTo("discord: refused by OpenClaw and taken back");
    var refused = channels.of(id, Channel.DISCORD).orElseThrow();
    assertThat(refused.isRefused()).isTrue();
    assertThat(refused.holding()).isEmpty();
    assertThat(config()).doesNotContain("forbidden-hush");
  }

  @Test
  void aPluginIsInstalledWhereTheGatewayHasNone() throws Exception {
    var gateway = startGateway();
    var line = new Wish("1", true, Map.of("channel_secret", "hush"));
    channels.ask(id, Channel.LINE, line);
    assertThat(channels.needingPlugins(id)).containsExactly(Channel.LINE);
    assertThat(channels.hotApply(id, gateway)).isEmpty();
    assertThat(config()).contains("hush");
    assertThat(channels.needingPlugins(id)).isEmpty();

    channels.ask(id, Channel.LINE, new Wish("2", false, line.config()));
    assertThat(channels.needingPlugins(id)).as("to go, it needs none").isEmpty();
  }

  @Test
  void aPluginThatIsNotToBeHadIsToldAndTheChannelTakenBack() throws Exception {
    var gateway = startGateway();
    driver.script().uncarried("msteams");
    channels.ask(id, Channel.MSTEAMS, new Wish("1", true, Map.of("app_id", "a")));
    assertThat(channels.hotApply(id, gateway))
        .isEqualTo("msteams: refused by OpenClaw and taken back");
    assertThat(channels.of(id, Channel.MSTEAMS).orElseThrow().problem())
        .isEqualTo("its plugin: npm view failed: not reached");
    assertThat(channels.isPending(id)).isFalse();
    assertThat(config()).doesNotContain("msteams");
  }

  @Test
  void aPluginWaitsForAnotherInstallationOfItsGateway() throws Exception {
    var gateway = startGateway();
    driver.script().installing("msteams");
    channels.ask(id, Channel.MSTEAMS, new Wish("1", true, Map.of("app_id", "a")));
    assertThatThrownBy(() -> channels.hotApply(id, gateway))
        .isInstanceOf(WorkFailure.class)
        .hasMessageStartingWith("msteams: Another plugin");
    assertThat(channels.isPending(id)).isTrue();
    driver.script().heal();
    assertThat(channels.hotApply(id, gateway)).isEmpty();
    assertThat(config()).contains("msteams");
  }

  @Test
  void aFileGetsNoChannelWhosePluginIsNotThere() {
    channels.ask(id, Channel.LINE, ON);
    channels.ask(id, Channel.TELEGRAM, ON);
    var config = OpenClawConfig.parse(ByteString.copyFromUtf8("{}"));
    var applied = channels.apply(id, config, Set.of(Channel.LINE));
    assertThat(config.at("/channels").properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("telegram");
    channels.applied(id, applied);
    assertThat(channels.needingPlugins(id)).containsExactly(Channel.LINE);
  }

  @Test
  void whatAGatewayThatDoesNotAnswerIsToTakeStaysPending() throws Exception {
    var gateway = startGateway();
    driver.stop(sandbox, Duration.ZERO);
    channels.ask(id, Channel.TELEGRAM, ON);
    assertThatThrownBy(() -> channels.hotApply(id, gateway))
        .isInstanceOf(WorkFailure.class)
        .hasMessageStartingWith("telegram: ")
        .hasMessageNotContaining("hush");
    assertThat(channels.isPending(id)).isTrue();
  }

  private String config() {
    return driver.readFile(sandbox, OpenClawHome.CONFIG, 1 << 20).orElseThrow().toStringUtf8();
  }

  private SandboxEndpoint startGateway() {
    var token = Secret.of("t");
    secrets.put(id.value(), SecretNames.GATEWAY_TOKEN, token);
    driver.create(new SandboxSpec(sandbox, "org", SNAPSHOT));
    driver.writeFiles(
        sandbox,
        List.of(
            new SandboxFile(
                OpenClawHome.CONFIG,
                ByteString.copyFromUtf8("{\"gateway\":{\"auth\":{\"token\":\"t\"}}}"),
                0600)));
    return driver.start(
        sandbox, 1, new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789));
  }
}
