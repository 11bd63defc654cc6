package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.server.edge.RawHttp;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Chat users talk to a real agent. Only the chat services are simulated. Telegram is part of
 * OpenClaw; the other channels are plugins that OpenClaw installs from the image.
 *
 * <p>Each installation and each change of a channel takes much processor time, so one plugin is
 * always tested, and those with a webhook have the tag {@code soak}. Without it, {@code
 * EnvoyGatewayIT} tests the routes of webhooks, {@code OpenClawIT} the signature of LINE, and
 * {@code CarriedPluginsIT} the port of Microsoft Teams.
 */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ChannelsE2E {
  private static final Pattern CODE = Pattern.compile("\\b[A-HJ-NP-Z2-9]{8}\\b");
  private static final String TOKEN = "123456789:of-nobody-but-this-test";
  private static final String BOT_TOKEN = "mattermosttokenofthistest0";

  /** After more than 45 s, OpenClaw notices the freeze and restarts its channels. */
  private static final Duration NOTICED_FREEZE = Duration.ofSeconds(50);

  private static final String ADA = "ada00000000000000000000000";

  private final Agent agent = SharedAgents.configured().agent();
  private final int telegramPort = port("TELEGRAM");
  private final int mattermostPort = port("MATTERMOST");

  private static int port(String service) {
    return Integer.parseInt(
        Installation.required("CHOWDER_E2E_" + service + "_PORT", "a port that sandboxes reach"));
  }

  /** Leaves out other channels, because every disconnect is a change that an instance applies. */
  @AfterAll
  void disconnect() {
    JsonNode channels = agent.caller().get(agent.path("/channels")).is(200).json();
    for (JsonNode channel : channels.path("channels")) {
      if (channel.path("enabled").asBoolean()) disconnect(channel.path("channel").asText());
    }
  }

  private void disconnect(String channel) {
    agent.caller().post(path(channel, "disconnect")).is(204);
  }

  /** The next test replaces the token. */
  @Test
  @Order(1)
  void anUnknownTelegramTokenIsReported() throws IOException {
    try (var _ = new FakeTelegram(telegramPort, TOKEN)) {
      Answer wrong = connectTelegram("123456789:another-token-of-nobody");
      assertThat(wrong.is(200).text("status")).as("%s", wrong).isEqualTo("failed");
      assertThat(wrong.text("message"))
          .containsIgnoringCase("unauthorized")
          .doesNotContain("another-token");
    }
  }

  /** Users are approved with a pairing code. */
  @Test
  @Order(2)
  void anApprovedUserIsAnsweredAlsoAfterAStopAndAStart() throws IOException {
    try (var telegram = new FakeTelegram(telegramPort, TOKEN);
        var mattermost = new FakeMattermost(mattermostPort, BOT_TOKEN)) {
      Answer connected = connectTelegram(TOKEN);
      assertThat(connected.is(200).text("status")).as("%s", connected).isEqualTo("connected");
      connected = connectMattermost();
      assertThat(connected.is(200).text("status")).as("%s", connected).isEqualTo("connected");
      awaitPolls(telegram, 0);
      awaitListener(mattermost);

      telegram.write(4711, "Ada", "Hello, who are you?");
      mattermost.write(ADA, "Hello, who are you?");
      approveByCode("telegram", telegram::sent, "4711");
      approveByCode("mattermost", mattermost::sent, ADA);
      talk("approved", telegram, mattermost);

      agent.freeze();
      var _ = sleepWithMessages(Duration.ZERO, telegram, mattermost);
      var job = SleepersJob.add(agent);
      job.assertRanAfter(sleepWithMessages(NOTICED_FREEZE, telegram, mattermost));
      talk("started", telegram, mattermost);
      JsonNode status = status("telegram");
      assertThat(status.path("enabled").asBoolean()).isTrue();
      assertThat(status.path("connected").asBoolean()).as("%s", status).isTrue();
      assertThat(status.toString() + status("mattermost")).doesNotContain(TOKEN, BOT_TOKEN);

      for (var channel : List.of("telegram", "mattermost")) {
        disconnect(channel);
        status = status(channel);
        assertThat(status.path("enabled").asBoolean()).as(channel).isFalse();
        assertThat(status.path("connected").asBoolean()).as(channel).isFalse();
      }
      // Reconnects with the stored configuration and the installed plugin. Approved users stay
      // approved.
      connected = agent.caller().post(path("mattermost", "connect"), "{}");
      assertThat(connected.is(200).text("status")).as("%s", connected).isEqualTo("connected");
      awaitListener(mattermost);
      String plums = "reconnected-plums-" + UUID.randomUUID();
      mattermost.write(ADA, "Remember: " + plums);
      awaitSent(mattermost::sent, plums);
    }
  }

  /**
   * Writes to the frozen agent, starts it after this time, and waits for its answers. Returns the
   * time of the start.
   */
  private Instant sleepWithMessages(Duration time, FakeTelegram telegram, FakeMattermost mattermost)
      throws IOException {
    long stopped = System.nanoTime();
    int before = telegram.polls();
    String asleep = "asleep-" + UUID.randomUUID();
    telegram.write(4711, "Ada", "Remember: " + asleep);
    mattermost.write(ADA, "Remember: " + asleep);
    Eventually.is(
        "a sleep of " + time, Limits.STEP, () -> System.nanoTime() - stopped >= time.toNanos());
    Instant woken = Instant.now();
    assertThat(agent.start(300).is(200).text("served_by")).isIn("thaw", "page_in");
    awaitSent(telegram::sent, asleep);
    awaitSent(mattermost::sent, asleep);
    awaitPolls(telegram, before);
    awaitListener(mattermost);
    return woken;
  }

  private void approveByCode(String channel, Callable<List<String>> sent, String sender) {
    String code =
        Eventually.get("a code", Limits.STEP, () -> code(sent.call()), found -> !found.isEmpty());
    JsonNode waiting = agent.caller().get(path(channel, "pairings")).is(200).json();
    assertThat(waiting.path("pairings").size()).isEqualTo(1);
    assertThat(waiting.at("/pairings/0/sender_id").asText()).isEqualTo(sender);
    assertThat(waiting.toString()).doesNotContain(code);
    agent
        .caller()
        .post(path(channel, "pair"), "{\"code\": \"ZZZZ2222\"}")
        .isError(404, "PAIRING_NOT_FOUND");
    Answer paired =
        agent.caller().post(path(channel, "pair"), "{\"code\": \"" + code + "\"}").is(200);
    assertThat(paired.text("output")).isEqualTo("Pairing approved for user " + sender + ".");
  }

  private static void talk(String moment, FakeTelegram telegram, FakeMattermost mattermost)
      throws IOException {
    String apples = moment + "-apples-" + UUID.randomUUID();
    String pears = moment + "-pears-" + UUID.randomUUID();
    telegram.write(4711, "Ada", "Remember: " + apples);
    mattermost.write(ADA, "Remember: " + pears);
    awaitSent(telegram::sent, apples);
    awaitSent(mattermost::sent, pears);
  }

  @Test
  @Tag("soak")
  @Order(3)
  void aWebhookCallIsAcceptedOnlyWithItsSignature() throws Exception {
    String secret = UUID.randomUUID().toString();
    var request = Answer.JSON.createObjectNode();
    request
        .putObject("config")
        .put("channel_access_token", "of-nobody-but-this-test")
        .put("channel_secret", secret);
    // LINE cannot be reached, so the status may report an unknown token.
    Answer connected = agent.caller().post(path("line", "connect"), request.toString()).is(200);
    assertThat(connected.text("status")).as("%s", connected).isNotBlank();
    var shown = agent.caller().get(agent.path("/channels/line")).is(200);
    var webhook = URI.create(shown.text("webhook_url"));
    String body = "{\"destination\":\"U0\",\"events\":[]}";
    var post =
        RawHttp.Request.of("POST", webhook.getPath())
            .with("Host", webhook.getAuthority())
            .json(body);
    var answer = send(post);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.body()).contains("Missing X-Line-Signature header");
    answer = send(post.with("x-line-signature", signature("another", body)));
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.body()).contains("Invalid signature");
    answer = send(post.with("x-line-signature", signature(secret, body)));
    assertThat(answer.status()).as("%s", answer).isEqualTo(200);
  }

  @Test
  @Tag("soak")
  @Order(3)
  void aCallToAPluginsOwnPortIsAcceptedOnlyWithItsSignature() throws IOException {
    URI webhook = connectTeams();
    assertTeamsRejects(webhook);
    agent.freeze();
    assertThat(agent.start(300).is(200).text("served_by")).isIn("thaw", "page_in");
    assertTeamsRejects(webhook);
    disconnectTeams(webhook);
  }

  private URI connectTeams() {
    var request = Answer.JSON.createObjectNode();
    request
        .putObject("config")
        .put("app_id", UUID.randomUUID().toString())
        .put("app_password", "of-nobody-but-this-test")
        .put("tenant_id", UUID.randomUUID().toString());
    // Microsoft cannot be reached, so the status may report an unknown app.
    Answer connected = agent.caller().post(path("msteams", "connect"), request.toString()).is(200);
    assertThat(connected.text("status")).as("%s", connected).isNotBlank();
    var shown = agent.caller().get(agent.path("/channels/msteams")).is(200);
    var webhook = URI.create(shown.text("webhook_url"));
    assertThat(webhook.getPath()).isEqualTo("/api/messages");
    return webhook;
  }

  private void disconnectTeams(URI webhook) throws IOException {
    disconnect("msteams");
    Eventually.get(
        "nobody", Limits.STEP, () -> send(teams(webhook)), answer -> answer.status() == 502);
    assertThat(send(teams(webhook)).body()).contains("GATEWAY_UNAVAILABLE");
  }

  /** The plugin's own listener rejects these calls; the gateway is not involved. */
  private static void assertTeamsRejects(URI webhook) throws IOException {
    var unsigned =
        Eventually.get(
            "the plugin", Limits.STEP, () -> send(teams(webhook)), answer -> answer.status() < 500);
    assertThat(unsigned.status()).as("%s", unsigned).isEqualTo(401);
    assertThat(unsigned.header("x-powered-by")).contains("Express");
    assertThat(unsigned.body()).isEqualTo("{\"error\":\"Unauthorized\"}");
    var forged = send(teams(webhook).with("Authorization", "Bearer not.a.token"));
    assertThat(forged.status()).as("%s", forged).isEqualTo(401);
    assertThat(forged.header("x-powered-by")).contains("Express");
  }

  private static RawHttp.Request teams(URI webhook) {
    return RawHttp.Request.of("POST", webhook.getPath())
        .with("Host", webhook.getAuthority())
        .json("{\"type\":\"message\",\"text\":\"Hello\"}");
  }

  private static String signature(String secret, String body) throws GeneralSecurityException {
    var mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
    return Base64.getEncoder().encodeToString(mac.doFinal(body.getBytes(UTF_8)));
  }

  private static RawHttp.Answer send(RawHttp.Request request) throws IOException {
    return RawHttp.send(Installation.UNDER_TEST.restAddress(), request);
  }

  private String path(String channel, String verb) {
    return agent.path("/channels/" + channel + "/" + verb);
  }

  private JsonNode status(String channel) {
    return agent.caller().get(path(channel, "status")).is(200).json();
  }

  private Answer connectTelegram(String token) {
    var request = Answer.JSON.createObjectNode();
    request
        .putObject("config")
        .put("token", token)
        .put("api_root", "http://localhost:" + telegramPort);
    return agent.caller().post(path("telegram", "connect"), request.toString());
  }

  private Answer connectMattermost() {
    var request = Answer.JSON.createObjectNode();
    request
        .putObject("config")
        .put("bot_token", BOT_TOKEN)
        .put("base_url", "http://localhost:" + mattermostPort);
    return agent.caller().post(path("mattermost", "connect"), request.toString());
  }

  private static void awaitPolls(FakeTelegram telegram, int before) {
    Eventually.get("polls", Limits.STEP, telegram::polls, polls -> polls > before);
  }

  private static void awaitListener(FakeMattermost mattermost) {
    Eventually.get("a bot", Limits.STEP, mattermost::listeners, bots -> bots > 0);
  }

  /** A failure shows the newest message first. */
  private static void awaitSent(Callable<List<String>> sent, String text) {
    Eventually.get(
        "an answer with " + text,
        Limits.STEP,
        () -> sent.call().reversed(),
        all -> all.stream().anyMatch(one -> one.contains(text)));
  }

  private static String code(List<String> sent) {
    return sent.stream()
        .flatMap(text -> CODE.matcher(text).results())
        .map(found -> found.group())
        .findFirst()
        .orElse("");
  }
}
