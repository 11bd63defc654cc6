package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.chowder.api.v1.Channel;
import dev.chowder.api.v1.ChannelServiceGrpc.ChannelServiceBlockingStub;
import dev.chowder.api.v1.ChannelStatus;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.ConnectChannelResponse.Status;
import dev.chowder.api.v1.DisconnectChannelRequest;
import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.GetChannelRequest;
import dev.chowder.api.v1.GetChannelStatusRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListChannelsRequest;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListPairingsRequest;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.api.v1.Pairing;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.server.channel.ChannelPairings;
import dev.chowder.server.error.Rejection;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Tests channels from a caller through the node to a simulated gateway. */
class ChannelsTest {
  private static final String TOKEN = "123456789:AAH-hush-hush";

  @TempDir static Path home;
  private static Node node;
  private static String key;
  private String id;

  @BeforeAll
  static void start() throws IOException {
    node =
        Node.start(
            home,
            Map.of(
                "chowder.openclaw.channels.connect-timeout", "15s",
                "chowder.openclaw.channels.poll-interval", "20ms",
                "chowder.channels.localhost-ports", "8081, 8065"));
    key = node.newcomer("whale");
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @BeforeEach
  void create() {
    id = node.createRunning(key);
  }

  @AfterEach
  void heal() {
    node.script().heal();
  }

  @Test
  void allElevenChannelsAreListedWithTheirFields() {
    var listed = listed();
    assertThat(listed)
        .extracting(Channel::getChannel)
        .containsExactly(
            "telegram",
            "discord",
            "slack",
            "whatsapp",
            "googlechat",
            "signal",
            "matrix",
            "msteams",
            "mattermost",
            "nostr",
            "line");
    assertThat(listed).noneMatch(Channel::getEnabled);
    assertThat(listed.get(2).getRequiredFieldsMap()).containsOnlyKeys("bot_token", "app_token");
    assertThat(listed.get(3).getConnectionType()).isEqualTo(Channel.ConnectionType.interactive);
    assertThat(channel("line").getWebhookUrl())
        .matches("http://[0-9a-f-]{36}\\.localhost:\\d+/line/webhook")
        .contains(id);
    assertThat(channel("msteams").getWebhookUrl()).endsWith("/api/messages").contains(id);
    assertThat(channel("telegram").hasWebhookUrl()).isFalse();
  }

  @Test
  void aConnectWaitsForAGatewayThatRestarts() {
    node.script().closeNext("channels.status", 3);
    assertThat(connect("telegram", Map.of("token", TOKEN)).getStatus()).isEqualTo(Status.connected);
  }

  @Test
  void aUserOfAConnectedChannelIsApprovedByCode() {
    assertThat(connect("telegram", Map.of("token", TOKEN)).getStatus()).isEqualTo(Status.connected);
    assertThat(channel("telegram").getEnabled()).isTrue();
    assertThat(status("telegram").getConnected()).isTrue();
    assertThat(waiting("telegram")).isEmpty();

    var ada = node.host().requestPairing(Node.sandbox(id), "telegram", "4711", "Ada");
    var eve = node.host().requestPairing(Node.sandbox(id), "telegram", "4712", "Eve");
    var waiting = waiting("telegram");
    assertThat(waiting).extracting(Pairing::getSenderId).containsExactly("4711", "4712");
    assertThat(waiting.getFirst().getSenderMap()).containsEntry("firstName", "Ada");
    assertThat(waiting.toString()).doesNotContain(ada, eve);

    var paired =
        channels().pairChannel(pair("telegram").setCode(ada.toLowerCase(Locale.ROOT)).build());
    assertThat(paired.getStatus()).isEqualTo("approved");
    assertThat(paired.getOutput()).isEqualTo("Pairing approved for user 4711.");
    assertThat(node.host().isApproved(Node.sandbox(id), "telegram", "4711")).isTrue();
    assertThat(node.host().isApproved(Node.sandbox(id), "telegram", "4712")).isFalse();
    assertRejected(
        Reason.PAIRING_NOT_FOUND,
        () -> channels().pairChannel(pair("telegram").setCode(ada).build()));

    var left = waiting("telegram").getFirst().getId();
    var _ = channels().pairChannel(pair("telegram").setPairingId(left).build());
    assertThat(node.host().isApproved(Node.sandbox(id), "telegram", "4712")).isTrue();
    assertRejected(
        Reason.PAIRING_NOT_FOUND,
        () -> channels().pairChannel(pair("telegram").setPairingId(left).build()));
  }

  @Test
  void aFailureToListCodesIsReported() {
    connect("telegram", Map.of("token", TOKEN));
    var code = node.host().requestPairing(Node.sandbox(id), "telegram", "4711", "Ada");
    node.script().failNext(Verb.EXEC, 1, SandboxException.Reason.TIMED_OUT, "exec: late");
    assertRejected(
        Reason.GATEWAY_UNAVAILABLE,
        () -> channels().pairChannel(pair("telegram").setCode(code).build()));
    node.script().endNext(1, "database is locked");
    assertRejected(
        Reason.GATEWAY_UNAVAILABLE,
        () -> channels().pairChannel(pair("telegram").setCode(code).build()));
    var _ = channels().pairChannel(pair("telegram").setCode(code).build());
  }

  @Test
  void theOutputOfAnAgentCannotForgeLogLines() {
    connect("telegram", Map.of("token", TOKEN));
    var code = node.host().requestPairing(Node.sandbox(id), "telegram", "4711", "Ada");
    node.script().endNext(1, "locked\nWARN forged\u001b[2J" + "x".repeat(5000));
    var log = (Logger) LoggerFactory.getLogger(ChannelPairings.class);
    var logged = new ListAppender<ILoggingEvent>();
    logged.start();
    log.addAppender(logged);
    try {
      assertRejected(
          Reason.GATEWAY_UNAVAILABLE,
          () -> channels().pairChannel(pair("telegram").setCode(code).build()));
    } finally {
      log.detachAppender(logged);
    }
    assertThat(logged.list)
        .singleElement()
        .extracting(ILoggingEvent::getFormattedMessage)
        .asString()
        .contains("locked WARN forged\uFFFD[2Jxxx")
        .endsWith("xxx...")
        .hasSizeLessThan(1_200);
  }

  @Test
  void credentialsAreKeptOverADisconnectAndNeverShown() {
    connect("discord", Map.of("token", "hush-hush-hush-hush-hush"));
    disconnect("discord");
    assertThat(channel("discord").getEnabled()).isFalse();
    assertThat(status("discord").getEnabled()).isFalse();
    assertThat(status("discord").getConnected()).isFalse();
    assertThat(connect("discord", Map.of()).getStatus()).isEqualTo(Status.connected);
    assertThat(config()).contains("hush-hush-hush-hush-hush", "\"plugins\"");

    assertThat(listed().toString()).doesNotContain("hush");
    assertThat(status("discord").toString()).doesNotContain("hush");
    assertThat(node.get(key, id).toString()).doesNotContain("hush");
    assertThat(events().toString()).doesNotContain("hush");
    assertThat(events())
        .filteredOn(event -> event.getType().startsWith("channel_"))
        .extracting(Event::getType, Event::getMessage)
        .containsExactly(
            tuple("channel_connected", "discord"),
            tuple("channel_disconnected", "discord"),
            tuple("channel_connected", "discord"));
  }

  @Test
  void aWrongTokenIsReportedAndCanBeReplaced() {
    var wrong = connect("telegram", Map.of("token", "123456789:wrong-wrong"));
    assertThat(wrong.getStatus()).isEqualTo(Status.failed);
    assertThat(wrong.getMessage()).isEqualTo("401: Unauthorized");
    assertThat(status("telegram").getConnected()).isFalse();
    assertThat(connect("telegram", Map.of("token", TOKEN)).getStatus()).isEqualTo(Status.connected);
  }

  @Test
  void aConfigurationThatOpenClawRejectsChangesNothing() {
    connect("discord", Map.of("token", "a-good-token-of-discord"));
    assertRejected(
        Reason.INVALID_FIELD,
        () -> connect("discord", Map.of("token", "a-forbidden-token-of-discord")));
    assertThat(config()).contains("a-good-token-of-discord").doesNotContain("forbidden");
    assertThat(status("discord").getConnected()).isTrue();
    assertRejected(Reason.INVALID_FIELD, () -> connect("slack", Map.of()));
  }

  @Test
  void aFailedPluginInstallationIsReported() {
    node.script().withoutPlugin("msteams");
    var config = Map.of("app_id", "a", "app_password", "b", "tenant_id", "c");
    assertRejected(Reason.GATEWAY_UNAVAILABLE, () -> connect("msteams", config));
    assertThat(channel("msteams").getEnabled()).isFalse();
    node.script().heal();
    assertThat(connect("msteams", config).getStatus()).isEqualTo(Status.connected);
  }

  @Test
  void aQrCodeIsShownUntilItIsScanned() {
    var shown = connect("whatsapp", Map.of());
    assertThat(shown.getStatus()).isEqualTo(Status.awaiting_scan);
    assertThat(shown.getQrImageBase64()).startsWith("iVBORw0KGgo");
    assertThat(status("whatsapp").getConnected()).isFalse();
    node.host().scan(Node.sandbox(id), "whatsapp");
    assertThat(status("whatsapp").getConnected()).isTrue();
    assertThat(connect("whatsapp", Map.of()).getStatus()).isEqualTo(Status.connected);
  }

  @Test
  void nostrKeepsItsGeneratedKey() {
    connect("nostr", Map.of());
    var made = privateKey();
    assertThat(made).matches("[0-9a-f]{64}");
    disconnect("nostr");
    connect("nostr", Map.of());
    assertThat(privateKey()).isEqualTo(made);
  }

  private String privateKey() {
    return config().replaceAll("(?s).*\"privateKey\" : \"([^\"]*)\".*", "$1");
  }

  @Test
  void aUrlMayNameALocalPortThatTheOperatorOpened() {
    var config = Map.of("bot_token", "abcdefghij0123456789", "base_url", "http://localhost:8065");
    assertThat(connect("mattermost", config).getStatus()).isEqualTo(Status.connected);
    assertThat(config()).contains("http://127.0.0.1:8065");
  }

  @Test
  void channelsStayConnectedAfterAStopAndAStart() {
    connect("telegram", Map.of("token", TOKEN));
    stopInstance();
    assertRejected(Reason.WRONG_STATE, () -> connect("telegram", Map.of("token", TOKEN)));
    assertRejected(Reason.WRONG_STATE, () -> status("telegram"));
    assertRejected(Reason.WRONG_STATE, () -> waiting("telegram"));
    assertThat(channel("telegram").getEnabled()).isTrue();
    startInstance();
    assertThat(status("telegram").getConnected()).isTrue();
  }

  @Test
  void aDisconnectOfAStoppedInstanceTakesEffectAtItsNextStart() {
    connect("telegram", Map.of("token", TOKEN));
    stopInstance();
    disconnect("telegram");
    assertThat(channel("telegram").getEnabled()).isFalse();
    startInstance();
    assertThat(status("telegram").getEnabled()).isFalse();
    assertThat(connect("telegram", Map.of()).getStatus()).isEqualTo(Status.connected);
  }

  private void stopInstance() {
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
    node.awaitStatus(key, id, Instance.Status.stopped);
  }

  private void startInstance() {
    var _ =
        node.instances(key)
            .startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).setWait(30).build());
    node.awaitStatus(key, id, Instance.Status.running);
  }

  private ConnectChannelResponse connect(String channel, Map<String, String> config) {
    return channels()
        .connectChannel(
            ConnectChannelRequest.newBuilder()
                .setInstanceId(id)
                .setChannel(channel)
                .putAllConfig(config)
                .build());
  }

  private void disconnect(String channel) {
    var _ =
        channels()
            .disconnectChannel(
                DisconnectChannelRequest.newBuilder()
                    .setInstanceId(id)
                    .setChannel(channel)
                    .build());
  }

  private ChannelStatus status(String channel) {
    return channels()
        .getChannelStatus(
            GetChannelStatusRequest.newBuilder().setInstanceId(id).setChannel(channel).build());
  }

  private List<Pairing> waiting(String channel) {
    return channels()
        .listPairings(
            ListPairingsRequest.newBuilder().setInstanceId(id).setChannel(channel).build())
        .getPairingsList();
  }

  private PairChannelRequest.Builder pair(String channel) {
    return PairChannelRequest.newBuilder().setInstanceId(id).setChannel(channel);
  }

  private Channel channel(String channel) {
    return channels()
        .getChannel(GetChannelRequest.newBuilder().setInstanceId(id).setChannel(channel).build());
  }

  private List<Channel> listed() {
    return channels()
        .listChannels(ListChannelsRequest.newBuilder().setInstanceId(id).build())
        .getChannelsList();
  }

  private List<Event> events() {
    return node.instances(key)
        .listInstanceEvents(ListInstanceEventsRequest.newBuilder().setInstanceId(id).build())
        .getEventsList();
  }

  private String config() {
    return node.host()
        .homes()
        .readFile(Node.sandbox(id), OpenClawHome.CONFIG, 1 << 20)
        .orElseThrow()
        .toStringUtf8();
  }

  private static ChannelServiceBlockingStub channels() {
    return node.channels(key);
  }

  private static void assertRejected(Reason reason, ThrowingCallable call) {
    Rejection.of(call).hasReason(reason).hides("forbidden");
  }
}
