package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Somebody speaks to a real agent by a chat service, which alone is played. */
@ExtendWith(SharedAgents.class)
class ChannelsE2E {
  private static final Pattern CODE = Pattern.compile("\\b[A-HJ-NP-Z2-9]{8}\\b");
  private static final int PORT =
      Integer.parseInt(
          Installation.required("CHOWDER_E2E_CHANNEL_PORT", "a port that sandboxes may reach"));
  private static final String TOKEN = "123456789:of-nobody-but-this-test";

  private final Agent agent = SharedAgents.second();

  @AfterEach
  void disconnect() {
    agent.caller().post(agent.path("/channels/telegram/disconnect")).is(204);
  }

  @Test
  void whoIsLetInIsAnsweredByTelegramAlsoAfterAStopAndAStart() throws IOException {
    String nonce = UUID.randomUUID().toString();
    try (var telegram = new FakeTelegram(PORT, TOKEN)) {
      Answer connected = connect(TOKEN);
      assertThat(connected.is(200).text("status")).as("%s", connected).isEqualTo("connected");
      awaitPolls(telegram, 0);

      telegram.write(4711, "Ada", "Hello, who are you?");
      String code =
          Eventually.get(
              "a code", Limits.STEP, () -> code(telegram.sent()), found -> !found.isEmpty());
      JsonNode waiting =
          agent.caller().get(agent.path("/channels/telegram/pairings")).is(200).json();
      assertThat(waiting.path("pairings").size()).isEqualTo(1);
      assertThat(waiting.at("/pairings/0/sender_id").asText()).isEqualTo("4711");
      assertThat(waiting.toString()).doesNotContain(code);
      agent
          .caller()
          .post(agent.path("/channels/telegram/pair"), "{\"code\": \"ZZZZ2222\"}")
          .refuses(404, "PAIRING_NOT_FOUND");
      Answer paired =
          agent
              .caller()
              .post(agent.path("/channels/telegram/pair"), "{\"code\": \"" + code + "\"}")
              .is(200);
      assertThat(paired.text("output")).isEqualTo("Pairing approved for user 4711.");

      telegram.write(4711, "Ada", "Remember: apples-" + nonce);
      awaitSent(telegram::sent, "apples-" + nonce);

      agent.stop(120).is(200);
      int before = telegram.polls();
      agent.start(300).is(200);
      awaitPolls(telegram, before);
      telegram.write(4711, "Ada", "Remember: pears-" + nonce);
      awaitSent(telegram::sent, "pears-" + nonce);
      JsonNode status = agent.caller().get(agent.path("/channels/telegram/status")).is(200).json();
      assertThat(status.path("enabled").asBoolean()).isTrue();
      assertThat(status.path("connected").asBoolean()).as("%s", status).isTrue();
      assertThat(status.toString()).doesNotContain(TOKEN);

      agent.caller().post(agent.path("/channels/telegram/disconnect")).is(204);
      status = agent.caller().get(agent.path("/channels/telegram/status")).is(200).json();
      assertThat(status.path("enabled").asBoolean()).isFalse();
      assertThat(status.path("connected").asBoolean()).isFalse();
      // With what was kept; who was let in still is.
      connected = agent.caller().post(agent.path("/channels/telegram/connect"), "{}");
      assertThat(connected.is(200).text("status")).as("%s", connected).isEqualTo("connected");
      telegram.write(4711, "Ada", "Remember: plums-" + nonce);
      awaitSent(telegram::sent, "plums-" + nonce);
    }
  }

  @Test
  void aTokenThatTelegramDoesNotKnowIsTold() throws IOException {
    try (var _ = new FakeTelegram(PORT, TOKEN)) {
      Answer wrong = connect("123456789:another-token-of-nobody");
      assertThat(wrong.is(200).text("status")).as("%s", wrong).isEqualTo("failed");
      assertThat(wrong.text("message"))
          .containsIgnoringCase("unauthorized")
          .doesNotContain("another-token");
      assertThat(connect(TOKEN).is(200).text("status")).isEqualTo("connected");
    }
  }

  private Answer connect(String token) {
    var request = Answer.JSON.createObjectNode();
    request.putObject("config").put("token", token).put("api_root", "http://localhost:" + PORT);
    return agent.caller().post(agent.path("/channels/telegram/connect"), request.toString());
  }

  private static void awaitPolls(FakeTelegram telegram, int before) {
    Eventually.get("polls", Limits.STEP, telegram::polls, polls -> polls > before);
  }

  private static void awaitSent(Callable<List<String>> sent, String text) {
    Eventually.get(
        "an answer with " + text,
        Limits.STEP,
        sent,
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
