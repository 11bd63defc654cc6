package dev.chowder.sandbox.fake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * One HTTP server that plays every gateway: each has a loopback address of its own, all have the
 * same port. A sandbox that does not run has its connections closed without an answer.
 */
final class FakeGateway implements AutoCloseable {
  private static final int MAX_BODY = 8 << 20;
  private static final int BACKLOG = 4096;

  private final FakeHost host;
  private final FakeSandboxSettings settings;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  FakeGateway(FakeHost host, FakeSandboxSettings settings) throws IOException {
    this.host = host;
    this.settings = settings;
    this.server = bind(host.root().resolve(".port"));
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** The former server's port, so that endpoints outlive it as a container's would. */
  private static HttpServer bind(Path portFile) throws IOException {
    int former = Files.exists(portFile) ? Integer.parseInt(Files.readString(portFile)) : 0;
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(former), BACKLOG);
    } catch (BindException taken) {
      server = HttpServer.create(new InetSocketAddress(0), BACKLOG);
    }
    Files.writeString(portFile, Integer.toString(server.getAddress().getPort()));
    return server;
  }

  int port() {
    return server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Optional<FakeSandbox> sandbox =
          host.at(exchange.getLocalAddress().getAddress().getHostAddress());
      if (sandbox.isPresent()) {
        answer(exchange, sandbox.get());
      }
    }
  }

  private void answer(HttpExchange exchange, FakeSandbox sandbox) throws IOException {
    String path = exchange.getRequestURI().getPath();
    sandbox.log().add("got " + path);
    switch (path) {
      case "/readyz" -> send(exchange, sandbox.isReady() ? 200 : 503, "{\"ok\":true}");
      case "/v1/responses" -> authorized(exchange, sandbox, this::respond);
      case "/api/v1/admin/rpc" -> authorized(exchange, sandbox, this::administrate);
      default -> send(exchange, 200, "{\"ok\":true}");
    }
  }

  private interface Action {
    void on(HttpExchange exchange, FakeSandbox sandbox, JsonNode body) throws IOException;
  }

  private static void authorized(HttpExchange exchange, FakeSandbox sandbox, Action action)
      throws IOException {
    String shown = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
    Optional<String> token = FakeOpenClaw.token(sandbox.home());
    if (token.isPresent() && !shown.equals("Bearer " + token.get())) {
      send(exchange, 401, error("unauthorized", "unauthorized"));
      return;
    }
    byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY);
    try {
      action.on(exchange, sandbox, FakeOpenClaw.JSON.readTree(body));
    } catch (JsonProcessingException broken) {
      send(exchange, 400, error("invalid_request_error", "body: no JSON (expected: JSON)"));
    }
  }

  private void respond(HttpExchange exchange, FakeSandbox sandbox, JsonNode request)
      throws IOException {
    FakeScript.pause(FakeScript.Verb.RUN, settings.replyTime());
    FakeReply reply = FakeReply.to(request);
    if (!request.path("stream").asBoolean()) {
      send(exchange, 200, reply.whole());
      return;
    }
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      for (String event : reply.events()) {
        out.write(event.getBytes(StandardCharsets.UTF_8));
        out.flush();
      }
    }
  }

  private void administrate(HttpExchange exchange, FakeSandbox sandbox, JsonNode request)
      throws IOException {
    ObjectNode answer = FakeOpenClaw.JSON.createObjectNode();
    answer.put("id", request.path("id").asText("rpc"));
    String method = request.path("method").asText();
    JsonNode params = request.path("params");
    switch (method) {
      case "health" -> answer.put("ok", true).putObject("payload").put("status", "ok");
      case "config.get" ->
          answer
              .put("ok", true)
              .putObject("payload")
              .put("hash", FakeOpenClaw.hash(sandbox.home()))
              .set("config", FakeOpenClaw.config(sandbox.home()));
      case "config.patch" -> {
        if (!params.path("baseHash").asText().equals(FakeOpenClaw.hash(sandbox.home()))) {
          refuse(exchange, answer, "config changed since last load; re-run config.get and retry");
          return;
        }
        FakeOpenClaw.patch(
            sandbox.home(), FakeOpenClaw.JSON.readTree(params.path("raw").asText("{}")));
        answer.put("ok", true).putObject("payload").put("hash", FakeOpenClaw.hash(sandbox.home()));
      }
      default -> {
        refuse(exchange, answer, "unknown method: " + method);
        return;
      }
    }
    send(exchange, 200, answer.toString());
  }

  private static void refuse(HttpExchange exchange, ObjectNode answer, String message)
      throws IOException {
    answer
        .put("ok", false)
        .putObject("error")
        .put("code", "INVALID_REQUEST")
        .put("message", message);
    send(exchange, 400, answer.toString());
  }

  private static String error(String type, String message) {
    ObjectNode error = FakeOpenClaw.JSON.createObjectNode();
    error.putObject("error").put("type", type).put("message", message);
    return error.toString();
  }

  private static void send(HttpExchange exchange, int status, String json) throws IOException {
    byte[] body = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
