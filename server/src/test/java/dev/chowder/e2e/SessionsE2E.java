package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Lists, reads and deletes the sessions of a real agent. */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SessionsE2E {
  private static final String QUESTION = "What did I ask you to remember?";

  private final Agent agent = SharedAgents.first();

  @Test
  void twoSessionsAreListedAndReadSeparately() {
    String nonce = UUID.randomUUID().toString();
    Instant before = Instant.now().minusSeconds(1);
    // Contains characters that OpenClaw would normalize or interpret.
    String alice = "Alice@" + nonce;
    String bob = "bob:" + nonce;
    agent.send(alice, "Remember: apples-" + nonce).is(200);
    agent.send(bob, "Remember: pears-" + nonce).is(200);
    agent.send(bob, QUESTION).is(200);

    List<JsonNode> listed = list();
    assertThat(ids(listed)).doesNotHaveDuplicates().startsWith(bob, alice);
    JsonNode newest = listed.getFirst();
    assertThat(newest.path("busy").asBoolean()).isFalse();
    assertThat(Instant.parse(newest.path("used_at").asText()))
        .isBetween(before, Instant.now().plusSeconds(1));
    assertThat(Instant.parse(newest.path("created_at").asText()))
        .isBetween(before, Instant.parse(newest.path("used_at").asText()));

    JsonNode ofBob = agent.caller().get(path(bob)).is(200).json();
    assertThat(ofBob.at("/session/id").asText()).isEqualTo(bob);
    List<String> said = messages(ofBob);
    assertThat(said).hasSize(4);
    assertThat(said.get(0)).startsWith("assistant: ").contains("pears-" + nonce);
    assertThat(said.get(1)).startsWith("user: ").contains(QUESTION);
    assertThat(said.get(2)).startsWith("assistant: ").contains("I will remember: pears-" + nonce);
    assertThat(said.get(3)).startsWith("user: ").contains("Remember: pears-" + nonce);
    for (JsonNode message : ofBob.path("messages")) {
      assertThat(Instant.parse(message.path("at").asText())).isAfter(before);
    }
    assertThat(ofBob.toString()).doesNotContain("apples");
    assertThat(agent.caller().get(path(alice)).is(200).body()).doesNotContain("pears");

    List<String> paged = new ArrayList<>();
    String token = "";
    do {
      JsonNode page =
          agent.caller().get(path(bob) + "?page_size=1&page_token=" + token).is(200).json();
      paged.addAll(messages(page));
      token = page.path("next_page_token").asText();
    } while (!token.isEmpty());
    assertThat(paged).isEqualTo(said);
  }

  @Test
  void aDeletedSessionIsForgottenAndStartsEmpty() {
    String session = "short-lived-" + UUID.randomUUID();
    String kept = "kept-" + UUID.randomUUID();
    agent.send(session, "Remember: " + session).is(200);
    agent.send(kept, "Remember: " + kept).is(200);

    agent.caller().delete(path(session)).is(204);

    agent.caller().get(path(session)).isError(404, "SESSION_NOT_FOUND");
    agent.caller().delete(path(session)).isError(404, "SESSION_NOT_FOUND");
    assertThat(ids(list())).contains(kept).doesNotContain(session);
    assertThat(agent.send(session, QUESTION).is(200).agentText()).doesNotContain(session);
    assertThat(messages(agent.caller().get(path(session)).is(200).json())).hasSize(2);
    assertThat(agent.send(kept, QUESTION).is(200).agentText()).contains(kept);
  }

  @Test
  void deletingTheAgentsOwnSessionOnlyEmptiesIt() {
    String nonce = UUID.randomUUID().toString();
    agent.send("Remember: " + nonce).is(200);
    agent.caller().delete(path("main")).is(204);
    assertThat(messages(agent.caller().get(path("main")).is(200).json())).isEmpty();
    assertThat(agent.send(QUESTION).is(200).agentText()).doesNotContain(nonce);
  }

  @Test
  void aKeyWithAPrefixSeesNoOtherSession() {
    String nonce = UUID.randomUUID().toString();
    String mine = "u7." + nonce;
    String other = "u8." + nonce;
    agent.send(mine, "Hello").is(200);
    agent.send(other, "Hello").is(200);
    String body =
        """
        {"name": "of u7", "instance_ids": ["%s"], "permissions": ["interact"], "session_prefix": "u7."}
        """
            .formatted(agent.id());
    Answer made = agent.caller().post("/v1/keys", body).is(201);
    Agent scoped = new Agent(new Caller(made.text("raw_key")), agent.id());
    try {
      var seen = scoped.caller().get(scoped.path("/sessions")).is(200).json().path("sessions");
      assertThat(ids(seen)).contains(mine).allMatch(id -> id.startsWith("u7."));
      scoped.caller().get(path(mine)).is(200);
      scoped.caller().get(path(other)).isError(404, "SESSION_NOT_FOUND");
      scoped.caller().delete(path(other)).isError(404, "SESSION_NOT_FOUND");
      scoped.caller().delete(path(mine)).is(204);
      agent.caller().get(path(other)).is(200);
    } finally {
      agent.caller().delete("/v1/keys/" + made.text("id")).is(204);
    }
  }

  private String path(String session) {
    return agent.path("/sessions/" + session);
  }

  private List<JsonNode> list() {
    JsonNode page = agent.caller().get(agent.path("/sessions?page_size=500")).is(200).json();
    return StreamSupport.stream(page.path("sessions").spliterator(), false).toList();
  }

  private static List<String> ids(Iterable<JsonNode> sessions) {
    return StreamSupport.stream(sessions.spliterator(), false)
        .map(session -> session.path("id").asText())
        .toList();
  }

  private static List<String> messages(JsonNode history) {
    return StreamSupport.stream(history.path("messages").spliterator(), false)
        .map(message -> message.path("role").asText() + ": " + message.path("text").asText())
        .toList();
  }
}
