package dev.chowder.server.edge;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests an agent's sessions over REST. Lists and histories are read page by page while they change.
 */
class SessionsIT {
  @RegisterExtension static final WholeServer SERVER = new WholeServer();

  @Test
  void aListIsReadPageByPageLastUsedFirst() throws IOException {
    var said = List.of("l.one", "l.Two", "l.three", "l:four", "l_five");
    for (var session : said) send(session, "x");
    var seen = new ArrayList<String>();
    var token = "";
    do {
      var page = get(sessions("?page_size=2&page_token=" + token));
      assertThat(page.get("sessions").size()).isBetween(1, 2);
      page.get("sessions")
          .forEach(
              session -> {
                assertThat(session.get("busy").asBoolean()).isFalse();
                assertThat(session.get("used_at").asText())
                    .isGreaterThanOrEqualTo(session.get("created_at").asText());
                seen.add(session.get("id").asText());
              });
      token = page.get("next_page_token").asText();
      // The session moves to the front, so later pages do not contain it again.
      if (seen.size() == 2) send("l.three", "once more");
    } while (!token.isEmpty());
    assertThat(seen).doesNotHaveDuplicates();
    var rest = new ArrayList<>(said);
    Collections.reverse(rest);
    rest.remove("l.three");
    assertThat(seen.stream().filter(rest::contains)).containsExactlyElementsOf(rest);
  }

  @Test
  void aHistoryIsReadPageByPageNewestFirst() throws IOException {
    for (int n = 1; n <= 5; n++) send("history", "message " + n);
    var seen = new ArrayList<String>();
    var token = "";
    do {
      var page = get(sessions("/history?page_size=3&page_token=" + token));
      assertThat(page.get("session").get("id").asText()).isEqualTo("history");
      page.get("messages")
          .forEach(
              message ->
                  seen.add(message.get("role").asText() + ": " + message.get("text").asText()));
      token = page.get("next_page_token").asText();
      // The new message shifts older ones; no message is returned twice.
      if (seen.size() == 3) send("history", "message 6");
    } while (!token.isEmpty());
    var all = new ArrayList<String>();
    for (int n = 5; n >= 1; n--) {
      all.add("assistant: You said: message " + n);
      all.add("user: message " + n);
    }
    assertThat(seen).isEqualTo(all);
  }

  private static void send(String session, String text) throws IOException {
    var path = SERVER.world().fill("/v1/instances/{running}/session/") + session + "/responses";
    var answer = SERVER.call("key", WholeServer.post(path).json("{\"input\":\"" + text + "\"}"));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
  }

  private static String sessions(String tail) {
    return SERVER.world().fill("/v1/instances/{running}/sessions") + tail;
  }

  private static JsonNode get(String path) throws IOException {
    var answer = SERVER.call("key", RawHttp.Request.of("GET", path));
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return answer.json();
  }
}
