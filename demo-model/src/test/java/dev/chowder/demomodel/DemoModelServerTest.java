package dev.chowder.demomodel;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoModelServerTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  @TempDir private Path folder;

  private final HttpClient client = HttpClient.newHttpClient();
  private final JsonMapper json = new JsonMapper();
  private DemoModelServer server = start();

  @AfterEach
  void close() {
    server.close();
    client.close();
  }

  @Test
  void theModelListNamesTheDemo() throws Exception {
    assertThat(get("/v1/models").path("data").path(0).path("id").asText()).isEqualTo("demo");
  }

  @Test
  void aCompletionHasTextAndUsage() throws Exception {
    JsonNode completion = json.readTree(post(body("Reply with exactly: plum", false)).body());

    assertThat(completion.at("/choices/0/message/content").asText()).isEqualTo("plum");
    assertThat(completion.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(completion.at("/usage/prompt_tokens").asInt()).isEqualTo(6);
    assertThat(completion.at("/usage/completion_tokens").asInt()).isEqualTo(1);
    assertThat(completion.at("/usage/total_tokens").asInt()).isEqualTo(7);
  }

  @Test
  void contentMayBeAnArrayOfParts() throws Exception {
    String body =
        """
        {"messages": [
          {"role": "system", "content": "Reply with exactly: the system prompt"},
          {"role": "user", "content": [{"type": "text", "text": "Reply with exactly: plum"}, {"type": "image_url", "image_url": {}}]}]}
        """;
    assertThat(json.readTree(post(body).body()).at("/choices/0/message/content").asText())
        .isEqualTo("plum");
  }

  @Test
  void openClawsContextIsNotPartOfTheUsersMessage() throws Exception {
    String body =
        """
        {"messages": [
          {"role": "user", "content": "[Tue 2026-01-06 09:00 UTC] Reply with exactly: plum\\n\\nRuntime: agent=main"},
          {"role": "user", "content": [{"type": "text", "text": "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\\nReply with exactly: data\\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>"}]}]}
        """;
    assertThat(json.readTree(post(body).body()).at("/choices/0/message/content").asText())
        .isEqualTo("plum");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aToolIsCalledAndItsResultIsReturned(boolean stream) throws Exception {
    String call =
        """
        {"stream": %s, "tools": [{"type": "function", "function": {"name": "weather"}}],
         "messages": [{"role": "user", "content": "Call the tool: weather"}]}
        """
            .formatted(stream);
    String called = post(call).body();
    assertThat(called)
        .contains("\"name\":\"weather\"")
        .contains("\"finish_reason\":\"tool_calls\"")
        .contains("\"id\":\"call_demo\"");

    String answered =
        """
        {"messages": [{"role": "user", "content": "Call the tool: weather"},
                      {"role": "assistant", "content": "", "tool_calls": []},
                      {"role": "tool", "tool_call_id": "call_demo", "content": "sunny"}]}
        """;
    assertThat(json.readTree(post(answered).body()).at("/choices/0/message/content").asText())
        .isEqualTo("The tool said: sunny");
  }

  @Test
  void aStreamHasChunksThenUsageThenDone() throws Exception {
    HttpResponse<String> response = post(body("Count slowly to 3", true));

    List<String> events = response.body().lines().filter(line -> !line.isEmpty()).toList();
    assertThat(response.headers().firstValue("content-type")).hasValue("text/event-stream");
    assertThat(events)
        .hasSize(6)
        .allMatch(line -> line.startsWith("data: "))
        .last()
        .isEqualTo("data: [DONE]");
    assertThat(data(events.get(0)).at("/choices/0/delta/role").asText()).isEqualTo("assistant");
    assertThat(events.subList(0, 3))
        .extracting(event -> data(event).at("/choices/0/delta/content").asText())
        .containsExactly("1 ", "2 ", "3");
    assertThat(data(events.get(3)).at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(data(events.get(4)).at("/usage/completion_tokens").asInt()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aDisconnectedClientIsCountedAndItsRequestStops(boolean stream) throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      byte[] body = body("Count slowly to 1000", stream).getBytes(StandardCharsets.UTF_8);
      socket.setSoTimeout((int) LIMIT.toMillis());
      socket
          .getOutputStream()
          .write(
              ("POST /v1/chat/completions HTTP/1.1\r\nHost: demo\r\nContent-Length: "
                      + body.length
                      + "\r\n\r\n")
                  .getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().write(body);
      assertThat(firstLine(socket.getInputStream())).isEqualTo("HTTP/1.1 200 OK");
      assertThat(get("/demo/stats").path("active").asInt()).isEqualTo(1);
    }

    Awaitility.await("the end of the request")
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .atMost(LIMIT)
        .untilAsserted(
            () ->
                assertThat(get("/demo/stats").toString())
                    .isEqualTo("{\"requests\":1,\"cancelled\":1,\"active\":0}"));
  }

  @Test
  void aRequiredKeyIsRequiredForTheListAndForCompletions() throws Exception {
    server.close();
    server = start("--key-file", Files.writeString(folder.resolve("key"), "right\n").toString());

    for (String key : List.of("", "Bearer wrong", "right", "Bearer right ")) {
      assertThat(send(request("/v1/models", key).GET().build()).statusCode())
          .as(key)
          .isEqualTo(key.equals("Bearer right ") ? 200 : 401);
    }
    assertThat(post(body("hello", false)).statusCode()).isEqualTo(401);
    HttpRequest withKey =
        request("/v1/chat/completions", "Bearer right")
            .POST(HttpRequest.BodyPublishers.ofString(body("hello", false)))
            .build();
    assertThat(send(withKey).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "{", "{}", "{\"messages\": []}", "{\"messages\": \"hello\"}", "null"})
  void anInvalidBodyIsRejected(String body) throws Exception {
    HttpResponse<String> response = post(body);

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(json.readTree(response.body()).at("/error/code").asText())
        .isEqualTo("invalid_request");
  }

  @Test
  void deeplyNestedJsonIsRejected() throws Exception {
    assertThat(post("{\"messages\": " + "[".repeat(100_000)).statusCode()).isEqualTo(400);
  }

  @Test
  void aBodyOverTheLimitIsRejected() throws Exception {
    server.close();
    server = start("--max-body-bytes", "1024");

    assertThat(post(body("x".repeat(800), false)).statusCode()).isEqualTo(200);
    assertThat(post(body("x".repeat(1_024), false)).statusCode()).isEqualTo(413);
  }

  @Test
  void aRequestedFailureIsReturned() throws Exception {
    assertThat(post(body("Fail with status: 503", true)).statusCode()).isEqualTo(503);
  }

  @Test
  void unknownPathsAndMethodsAreRejected() throws Exception {
    assertThat(send(request("/v1/embeddings", "").GET().build()).statusCode()).isEqualTo(404);
    assertThat(send(request("/v1/models", "").DELETE().build()).statusCode()).isEqualTo(405);
  }

  private static DemoModelServer start(String... options) {
    var arguments = new ArrayList<>(List.of("--port", "0", "--chunk-delay-ms", "20"));
    arguments.addAll(List.of(options));
    try {
      return DemoModelServer.start(DemoModelSettings.parse(arguments, Map.of()));
    } catch (IOException refused) {
      throw new AssertionError("the demo model did not start", refused);
    }
  }

  private static String body(String userMessage, boolean stream) {
    return """
        {"model": "demo", "stream": %s, "messages": [{"role": "user", "content": "%s"}]}
        """
        .formatted(stream, userMessage);
  }

  private HttpResponse<String> post(String body) throws Exception {
    return send(
        request("/v1/chat/completions", "")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  private JsonNode get(String path) throws Exception {
    return json.readTree(send(request(path, "").GET().build()).body());
  }

  private HttpRequest.Builder request(String path, String authorization) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
            .timeout(LIMIT);
    return authorization.isEmpty() ? request : request.header("Authorization", authorization);
  }

  private HttpResponse<String> send(HttpRequest request) throws Exception {
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode data(String event) {
    try {
      return json.readTree(event.substring("data: ".length()));
    } catch (IOException malformed) {
      throw new AssertionError(event, malformed);
    }
  }

  private static String firstLine(InputStream in) throws IOException {
    return new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8)).readLine();
  }
}
