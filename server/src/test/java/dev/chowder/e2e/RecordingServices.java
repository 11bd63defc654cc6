package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The services that agents call during a recording: Telegram's Bot API for any token, and below
 * {@code /refusing/} a model provider that rejects every key.
 */
final class RecordingServices implements AutoCloseable {
  private static final int POLL_SECONDS = 5;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);

  private RecordingServices(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
  }

  static RecordingServices start(int port) throws IOException {
    var services = new RecordingServices(port);
    services.server.setExecutor(services.threads);
    services.server.createContext("/", services::bot);
    services.server.createContext("/refusing/", RecordingServices::refuse);
    services.server.start();
    return services;
  }

  private static void refuse(HttpExchange exchange) throws IOException {
    var answer = Answer.JSON.createObjectNode();
    answer.putObject("error").put("message", "Incorrect API key provided");
    send(exchange, 401, answer);
  }

  private void bot(HttpExchange exchange) throws IOException {
    var path = exchange.getRequestURI().getPath();
    var answer = Answer.JSON.createObjectNode().put("ok", true);
    switch (path.substring(path.lastIndexOf('/') + 1)) {
      case "getUpdates" -> {
        awaitUpdates();
        answer.putArray("result");
      }
      case "getMe" ->
          answer
              .putObject("result")
              .put("id", 1)
              .put("is_bot", true)
              .put("first_name", "Chowder")
              .put("username", "chowder_bot")
              .put("can_join_groups", true);
      case "getWebhookInfo" ->
          answer.putObject("result").put("url", "").put("pending_update_count", 0);
      default -> answer.put("result", true);
    }
    send(exchange, 200, answer);
  }

  /** A poll waits for updates, of which there are none. */
  private void awaitUpdates() {
    try {
      var _ = closed.await(POLL_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private static void send(HttpExchange exchange, int status, ObjectNode answer)
      throws IOException {
    try (exchange) {
      // The server closes a connection whose request was not read.
      var _ = exchange.getRequestBody().readAllBytes();
      var bytes = answer.toString().getBytes(UTF_8);
      exchange.getResponseHeaders().add("content-type", "application/json");
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
