package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.microsoft.playwright.Page;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A front end from another origin in a real browser. It holds a scoped key and calls an agent with
 * {@code fetch}, because {@code EventSource} cannot send a key.
 */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FrontEndE2E {
  /**
   * Reads the Server-Sent Events of a response, and shows the text as it arrives and how it ended.
   */
  private static final String PAGE =
      """
      <!doctype html>
      <title>A front end</title>
      <pre id="pieces"></pre>
      <pre id="answer"></pre>
      <pre id="outcome"></pre>
      <script>
        const asked = new URLSearchParams(location.hash.slice(1));
        const show = (id, text) => { document.getElementById(id).textContent = text; };
        async function run() {
          const answer = await fetch(asked.get('url'), {
            method: 'POST',
            headers: {authorization: 'Bearer ' + asked.get('key'), 'content-type': 'application/json'},
            body: JSON.stringify({input: asked.get('input'), stream: true})
          });
          let text = '', left = '', pieces = 0;
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          for (let read = await reader.read(); !read.done; read = await reader.read()) {
            const lines = (left + read.value).split('\\n');
            left = lines.pop();
            for (const line of lines) {
              if (!line.startsWith('data: {')) continue;
              const event = JSON.parse(line.slice(6));
              if (event.type === 'response.output_text.delta') { text += event.delta; pieces++; }
            }
            show('answer', text);
            show('pieces', String(pieces));
          }
          return answer.status + ' ' + answer.headers.get('x-request-id').length;
        }
        run().then(how => show('outcome', how), why => show('outcome', 'refused: ' + why.name));
      </script>
      """;

  private final Agent agent = SharedAgents.first();
  private final Browser browser = new Browser();
  private final HttpServer allowed = serve("127.0.0.1");
  private final HttpServer unknown = serve("127.0.0.2");

  @AfterAll
  void close() {
    browser.close();
    allowed.stop(0);
    unknown.stop(0);
  }

  @Test
  void aPageWithAScopedKeyStreamsAnAnswerInItsUsersSession() {
    var page = speak("localhost", allowed, key("interact", "user-7."), "user-7.chat");
    Browser.screenshot(page, "front-end");
    assertThat(text(page, "outcome")).startsWith("200 ");
    assertThat(text(page, "answer").strip()).isEqualTo("1 2 3 4 5");
    assertThat(Integer.parseInt(text(page, "pieces"))).isGreaterThan(1);
  }

  @Test
  void aPageGetsAnErrorForACallThatItsKeyDoesNotPermit() {
    assertThat(
            text(speak("localhost", allowed, key("interact", "user-7."), "user-8.chat"), "outcome"))
        .as("another user's session")
        .startsWith("403 ");
    assertThat(text(speak("localhost", allowed, key("read", ""), "user-7.chat"), "outcome"))
        .as("without the permission")
        .startsWith("403 ");
  }

  @Test
  void theBrowserBlocksAPageWhoseOriginIsNotAllowed() {
    var page = speak("127.0.0.2", unknown, key("interact", "user-7."), "user-7.chat");
    assertThat(text(page, "outcome")).isEqualTo("refused: TypeError");
  }

  private Page speak(String host, HttpServer from, String key, String session) {
    return browser.open(
        "http://%s:%d/#url=%s&key=%s&input=%s"
            .formatted(
                host,
                from.getAddress().getPort(),
                encoded(
                    Installation.UNDER_TEST.rest()
                        + agent.path("/session/" + session + "/responses")),
                encoded(key),
                encoded("Count slowly to 5")),
        "#outcome:not(:empty)");
  }

  private String key(String permission, String sessionPrefix) {
    ObjectNode wanted =
        Answer.JSON.createObjectNode().put("name", "front end " + UUID.randomUUID());
    wanted.putArray("instance_ids").add(agent.id());
    wanted.putArray("permissions").add(permission);
    if (!sessionPrefix.isEmpty()) wanted.put("session_prefix", sessionPrefix);
    return agent.caller().post("/v1/keys", wanted.toString()).is(201).text("raw_key");
  }

  private static String text(Page page, String id) {
    return page.locator("#" + id).textContent();
  }

  private static HttpServer serve(String address) {
    try {
      var server = HttpServer.create(new InetSocketAddress(address, 0), 0);
      server.createContext(
          "/",
          exchange -> {
            var page = PAGE.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("content-type", "text/html; charset=utf-8");
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
          });
      server.start();
      return server;
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
