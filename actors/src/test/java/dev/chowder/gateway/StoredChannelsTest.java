package dev.chowder.gateway;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.effect.TestGateways;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.config.OpenClawConfig;
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
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredChannelsTest {
  private static final String SNAPSHOT = "chowder/sandbox-medium:latest";
  private static final DesiredChannel ON =
      new DesiredChannel("1", true, Map.of("token", "123:hush"));

  private final InstanceId id = new InstanceId(Ids.next());
  private final OneConfig one = new OneConfig(id);
  private final SandboxId sandbox = SandboxId.ofInstance(id.value());
  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
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
    channels = new TestGateways(secrets, engine, http).channels();
  }

  @AfterEach
  void close() {
    engine.close();
    database.close();
    http.close();
  }

  @Test
  void eachChannelIsStoredSeparatelyForItsInstance() {
    one.connect(channels, Channel.TELEGRAM, ON);
    one.connect(channels, Channel.LINE, new DesiredChannel("2", false, Map.of()));
    channels.store(new InstanceId(Ids.next()), Channel.SLACK, ON);
    assertThat(channels.all(id, one.channels())).containsOnlyKeys(Channel.TELEGRAM, Channel.LINE);
    assertThat(record(Channel.TELEGRAM).orElseThrow().desired()).isEqualTo(ON);
    assertThat(record(Channel.SLACK)).isEmpty();
  }

  @Test
  void aPendingChannelIsWrittenToTheFileOnce() {
    one.connect(channels, Channel.TELEGRAM, ON);
    assertThat(isPending()).isTrue();
    var config = OpenClawConfig.parse(ByteString.copyFromUtf8("{\"a\":1}"));
    var applied = channels.apply(pending(), config, Set.of());
    assertThat(config.at("/channels/telegram/botToken").asText()).isEqualTo("123:hush");
    // Still pending after a crash before the file was written.
    assertThat(isPending()).isTrue();
    channels.applied(id, applied);
    assertThat(isPending()).isFalse();
    channels.homeRecreated(id, one.channels());
    assertThat(isPending()).isTrue();
  }

  @Test
  void aRunningGatewayAppliesAChannelAndARejectedOneIsReverted() throws Exception {
    var gateway = startGateway();
    one.connect(channels, Channel.TELEGRAM, ON);
    assertThat(channels.hotApply(id, one.channels(), gateway)).isEmpty();
    assertThat(config()).contains("123:hush");
    assertThat(isPending()).isFalse();
    assertThat(channels.hotApply(id, one.channels(), gateway)).isEmpty();

    one.connect(channels, Channel.TELEGRAM, new DesiredChannel("2", false, ON.config()));
    assertThat(channels.hotApply(id, one.channels(), gateway)).isEmpty();
    assertThat(config()).contains("\"enabled\" : false").contains("123:hush");

    // The gateway does not know this channel, whatever is installed.
    one.connect(
        channels,
        Channel.DISCORD,
        new DesiredChannel("3", true, Map.of("token", "forbidden-hush")));
    assertThat(channels.hotApply(id, one.channels(), gateway))
        .startsWith("discord: ")
        .doesNotContain("hush");
    var refused = record(Channel.DISCORD).orElseThrow();
    assertThat(refused.isRejected()).isTrue();
    assertThat(refused.effective()).isEmpty();
    assertThat(config()).doesNotContain("forbidden-hush");
  }

  @Test
  void aMissingPluginIsInstalled() throws Exception {
    var gateway = startGateway();
    var line = new DesiredChannel("1", true, Map.of("channel_secret", "hush"));
    one.connect(channels, Channel.LINE, line);
    assertThat(StoredChannels.needingPlugins(pending())).containsExactly(Channel.LINE);
    assertThat(channels.hotApply(id, one.channels(), gateway)).isEmpty();
    assertThat(config()).contains("hush");
    assertThat(StoredChannels.needingPlugins(pending())).isEmpty();

    one.connect(channels, Channel.LINE, new DesiredChannel("2", false, line.config()));
    assertThat(StoredChannels.needingPlugins(pending()))
        .as("a disabled channel needs none")
        .isEmpty();
  }

  @Test
  void aChannelWhosePluginCannotBeInstalledIsReverted() throws Exception {
    var gateway = startGateway();
    engine.script().withoutPlugin("msteams");
    one.connect(channels, Channel.MSTEAMS, new DesiredChannel("1", true, Map.of("app_id", "a")));
    assertThat(channels.hotApply(id, one.channels(), gateway)).startsWith("msteams: ");
    assertThat(StoredChannels.lacksPlugin(record(Channel.MSTEAMS).orElseThrow())).isTrue();
    assertThat(isPending()).isFalse();
    assertThat(config()).doesNotContain("msteams");
  }

  @Test
  void aPluginWaitsForAnotherInstallationOfTheGateway() throws Exception {
    var gateway = startGateway();
    engine.script().withBusyInstaller("msteams");
    one.connect(channels, Channel.MSTEAMS, new DesiredChannel("1", true, Map.of("app_id", "a")));
    assertThatThrownBy(() -> channels.hotApply(id, one.channels(), gateway))
        .isInstanceOf(WorkFailure.class)
        .hasMessageStartingWith("msteams: Another plugin");
    assertThat(isPending()).isTrue();
    engine.script().heal();
    assertThat(channels.hotApply(id, one.channels(), gateway)).isEmpty();
    assertThat(config()).contains("msteams");
  }

  @Test
  void aChannelWithoutItsPluginIsNotWrittenToTheFile() {
    one.connect(channels, Channel.LINE, ON);
    one.connect(channels, Channel.TELEGRAM, ON);
    var config = OpenClawConfig.parse(ByteString.copyFromUtf8("{}"));
    var applied = channels.apply(pending(), config, Set.of(Channel.LINE));
    assertThat(config.at("/channels").properties())
        .extracting(Map.Entry::getKey)
        .containsExactly("telegram");
    channels.applied(id, applied);
    assertThat(StoredChannels.needingPlugins(pending())).containsExactly(Channel.LINE);
  }

  @Test
  void aChannelStaysPendingIfTheGatewayDoesNotRespond() throws Exception {
    var gateway = startGateway();
    engine.stop(sandbox, 1, Duration.ZERO);
    one.connect(channels, Channel.TELEGRAM, ON);
    assertThatThrownBy(() -> channels.hotApply(id, one.channels(), gateway))
        .isInstanceOf(WorkFailure.class)
        .hasMessageStartingWith("telegram: ")
        .hasMessageNotContaining("hush");
    assertThat(isPending()).isTrue();
  }

  private Map<Channel, ChannelRecord> pending() {
    return channels.pending(id, one.channels());
  }

  private boolean isPending() {
    return !pending().isEmpty();
  }

  private Optional<ChannelRecord> record(Channel channel) {
    return channels.of(id, channel, one.channels().getOrDefault(channel.id(), ""));
  }

  /** The rows are as version 665faa7 wrote them. */
  @Test
  void theRowsOfAnOlderVersionAreRead() {
    secrets.put(
        id.value(),
        "channel/telegram",
        Secret.of("{\"change\":\"w1\",\"enabled\":true,\"config\":{\"token\":\"123:hush\"}}"));
    secrets.put(
        id.value(),
        "channel-done/telegram",
        Secret.of(
            "{\"taken\":{\"change\":\"w1\",\"enabled\":true,\"config\":{\"token\":\"123:hush\"}},"
                + "\"in_home\":true,\"refused\":\"\",\"problem\":\"\"}"));
    one.channels().put("telegram", SecretNames.UNVERSIONED);
    assertThat(record(Channel.TELEGRAM).orElseThrow().desired())
        .isEqualTo(new DesiredChannel("w1", true, Map.of("token", "123:hush")));
    assertThat(isPending()).isFalse();
    channels.homeRecreated(id, one.channels());
    assertThat(isPending()).isTrue();
  }

  private String config() {
    return engine
        .homes()
        .readFile(sandbox, OpenClawHome.CONFIG, 1 << 20)
        .orElseThrow()
        .toStringUtf8();
  }

  private SandboxEndpoint startGateway() {
    var token = Secret.of("t");
    secrets.put(id.value(), SecretNames.GATEWAY_TOKEN, token);
    engine.create(new SandboxSpec(sandbox, "org", SNAPSHOT, 0, RESOURCES));
    engine
        .homes()
        .writeFiles(
            sandbox,
            Fence.NONE,
            List.of(
                new SandboxFile(
                    OpenClawHome.CONFIG,
                    ByteString.copyFromUtf8("{\"gateway\":{\"auth\":{\"token\":\"t\"}}}"),
                    0600)));
    return engine.start(
        sandbox,
        Fence.ofAttempt(1),
        new ProcessSpec(SNAPSHOT, "org", List.of("serve"), Map.of(), 18789, RESOURCES));
  }
}
