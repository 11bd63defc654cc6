package dev.chowder.demomodel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/**
 * Serves the demo model with OpenAI's HTTP API. {@link ReplyRules} chooses the replies.
 *
 * <ul>
 *   <li>{@code GET /v1/models}: one model, {@code demo}. Any other name is accepted too.
 *   <li>{@code POST /v1/chat/completions}: JSON, or Server-Sent Events with {@code "stream": true};
 *       with {@code usage}, counted as one token per four characters.
 *   <li>{@code GET /demo/stats}: {@link Stats.Snapshot}. Needs no key and is not part of OpenAI's
 *       API.
 * </ul>
 *
 * Errors have OpenAI's body, {@code {"error": {"message", "type", "code"}}}: 400 for an invalid
 * body, 401 for a missing or wrong key if one is required, 404 and 405 for other paths and methods,
 * 413 for a body over the limit.
 *
 * <p>The server detects a disconnected client at the next write, and stops. {@code Count slowly to
 * N} writes after each pause; without a stream, it writes white space in front of the JSON.
 */
public final class DemoModelServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(DemoModelServer.class.getName());
  private static final int MAX_JSON_DEPTH = 200;

  private final DemoModelSettings settings;
  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final JsonMapper json;
  private final Stats stats = new Stats();

  private DemoModelServer(DemoModelSettings settings, HttpServer http) {
    this.settings = settings;
    this.http = http;
    this.json = JsonMapper.builder().build();
    this.json
        .getFactory()
        .setStreamReadConstraints(
            StreamReadConstraints.builder()
                .maxNestingDepth(MAX_JSON_DEPTH)
                .maxStringLength(settings.maxBodyBytes())
                .build());
  }

  /**
   * Starts listening and returns at once.
   *
   * @throws IOException if the server cannot listen on the address, for example because it is in
   *     use
   */
  public static DemoModelServer start(DemoModelSettings settings) throws IOException {
    // The JDK's server reads these once, when its first instance is created. Without nodelay, small
    // chunks wait 40 ms for each other.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty(
        "jdk.httpserver.maxConnections", Integer.toString(settings.maxConnections()));
    System.setProperty("sun.net.httpserver.maxReqTime", "60");
    DemoModelServer server = new DemoModelServer(settings, HttpServer.create(settings.bind(), 0));
    server.http.createContext("/", server::handle);
    server.http.setExecutor(server.threads);
    server.http.start();
    return server;
  }

  /** Returns the port that it listens on, also if the configured port is 0. */
  public int port() {
    return http.getAddress().getPort();
  }

  /** Stops listening and interrupts running requests. */
  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String route = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
      switch (route) {
        case "GET /demo/stats" -> send(exchange, 200, stats.snapshot());
        case "GET /v1/models" -> {
          if (authorized(exchange)) {
            send(exchange, 200, models());
          }
        }
        case "POST /v1/chat/completions" -> {
          if (authorized(exchange)) {
            complete(exchange);
          }
        }
        default -> refuseRoute(exchange);
      }
    } catch (RuntimeException bug) {
      LOG.log(System.Logger.Level.ERROR, "request failed", bug);
    }
  }

  private void complete(HttpExchange exchange) throws IOException {
    byte[] body;
    try (InputStream in = exchange.getRequestBody()) {
      body = in.readNBytes(settings.maxBodyBytes() + 1);
    }
    if (body.length > settings.maxBodyBytes()) {
      refuse(
          exchange,
          413,
          "request_too_large",
          "body: must be at most " + settings.maxBodyBytes() + " bytes");
      return;
    }
    Conversation conversation;
    try {
      conversation = Conversation.of(read(body));
    } catch (IllegalArgumentException malformed) {
      refuse(exchange, 400, "invalid_request", String.valueOf(malformed.getMessage()));
      return;
    }
    stats.began();
    try {
      switch (ReplyRules.answer(conversation)) {
        case Reply.Failure failure ->
            refuse(exchange, failure.status(), "as_asked", "failed as the message requested");
        case Reply.Text text ->
            write(exchange, conversation, text.chunks(), Optional.empty(), Duration.ZERO);
        case Reply.ToolCall tool ->
            write(exchange, conversation, List.of(), Optional.of(tool), Duration.ZERO);
        case Reply.SlowCount count ->
            write(
                exchange,
                conversation,
                numbers(count.last()),
                Optional.empty(),
                settings.chunkDelay());
      }
    } catch (IOException clientIsGone) {
      stats.cancelled();
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    } finally {
      stats.ended();
    }
  }

  private void write(
      HttpExchange exchange,
      Conversation conversation,
      List<String> chunks,
      Optional<Reply.ToolCall> tool,
      Duration pause)
      throws IOException, InterruptedException {
    new CompletionWriter(exchange, json, conversation, chunks, tool, pause).write();
  }

  private JsonNode read(byte[] body) throws IOException {
    try {
      return json.readTree(body);
    } catch (JsonProcessingException malformed) {
      throw new IllegalArgumentException("body: must be a JSON object", malformed);
    }
  }

  private static List<String> numbers(int last) {
    return IntStream.rangeClosed(1, last).mapToObj(n -> n == last ? "" + n : n + " ").toList();
  }

  private static Map<String, Object> models() {
    return Map.of(
        "object",
        "list",
        "data",
        List.of(Map.of("id", "demo", "object", "model", "created", 0, "owned_by", "chowder-demo")));
  }

  /**
   * Returns whether the call has the required key. If not, it has already sent the response 401.
   */
  private boolean authorized(HttpExchange exchange) throws IOException {
    if (settings.requiredKey().isEmpty()) {
      return true;
    }
    String got = exchange.getRequestHeaders().getFirst("Authorization");
    byte[] expected = ("Bearer " + settings.requiredKey().get()).getBytes(StandardCharsets.UTF_8);
    if (got != null && MessageDigest.isEqual(expected, got.getBytes(StandardCharsets.UTF_8))) {
      return true;
    }
    refuse(
        exchange, 401, "invalid_api_key", "authorization: must be Bearer and the demo model's key");
    return false;
  }

  private void refuseRoute(HttpExchange exchange) throws IOException {
    boolean known =
        List.of("/demo/stats", "/v1/models", "/v1/chat/completions")
            .contains(exchange.getRequestURI().getPath());
    refuse(
        exchange,
        known ? 405 : 404,
        known ? "method_not_allowed" : "not_found",
        "path: must be GET /v1/models, POST /v1/chat/completions or GET /demo/stats");
  }

  private void refuse(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    send(
        exchange,
        status,
        Map.of("error", Map.of("message", message, "type", "invalid_request_error", "code", code)));
  }

  private void send(HttpExchange exchange, int status, Object body) throws IOException {
    byte[] bytes = json.writeValueAsBytes(body);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }
}
