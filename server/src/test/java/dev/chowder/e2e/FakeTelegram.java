package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The part of Telegram's Bot API that a bot needs. Returns updates to the bot and keeps the
 * messages that it sends. Accepts a single token.
 */
final class FakeTelegram implements AutoCloseable {
  private static final int LONGEST_POLL_SECONDS = 20;

  private final String token;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** Updates that are not acknowledged. Every poll returns them again until they are. */
  private final List<ObjectNode> updates = new ArrayList<>();

  private final List<String> sent = new CopyOnWriteArrayList<>();
  private final List<String> methods = new CopyOnWriteArrayList<>();
  private final AtomicInteger polls = new AtomicInteger();
  private final AtomicInteger numbers = new AtomicInteger(1000);

  FakeTelegram(int port, String token) throws IOException {
    this.token = token;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Sends a message to the bot. */
  void write(int sender, String name, String text) {
    ObjectNode update = Answer.JSON.createObjectNode();
    update.put("update_id", numbers.incrementAndGet());
    ObjectNode message = update.putObject("message");
    message.put("message_id", numbers.incrementAndGet());
    message.put("date", Instant.now().getEpochSecond());
    message.putObject("from").put("id", sender).put("is_bot", false).put("first_name", name);
    message.putObject("chat").put("id", sender).put("type", "private").put("first_name", name);
    message.put("text", text);
    synchronized (updates) {
      updates.add(update);
      updates.notifyAll();
    }
  }

  /** Returns every text that the bot sent, including edits. */
  List<String> sent() {
    return List.copyOf(sent);
  }

  /** Returns the methods that were called. */
  List<String> methods() {
    return List.copyOf(methods);
  }

  /** Returns how often a client started to poll for updates. */
  int polls() {
    return polls.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String[] path = exchange.getRequestURI().getPath().split("/", -1);
      String method = path[path.length - 1];
      JsonNode request = body(exchange);
      methods.add(method);
      ObjectNode answer = Answer.JSON.createObjectNode();
      if (path.length < 3 || !path[1].equals("bot" + token)) {
        answer.put("ok", false).put("error_code", 401).put("description", "Unauthorized");
        send(exchange, 401, answer);
        return;
      }
      answer.put("ok", true).set("result", result(method, request));
      send(exchange, 200, answer);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private static JsonNode body(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    return body.startsWith("{") ? Answer.JSON.readTree(body) : Answer.JSON.createObjectNode();
  }

  private JsonNode result(String method, JsonNode request) throws InterruptedException {
    String text = request.path("text").asText(request.at("/rich_message/markdown").asText(""));
    if (!text.isEmpty()) sent.add(text);
    ObjectNode result = Answer.JSON.createObjectNode();
    switch (method) {
      case "getMe" -> {
        result.put("id", 1).put("is_bot", true).put("first_name", "Chowder");
        result.put("username", "chowder_bot").put("can_join_groups", true);
      }
      case "getUpdates" -> {
        polls.incrementAndGet();
        return unacknowledged(request.path("offset").asInt(), request.path("timeout").asInt());
      }
      case "getWebhookInfo" -> result.put("url", "").put("pending_update_count", 0);
      default -> {
        if (!method.startsWith("send") && !method.startsWith("edit")) {
          return Answer.JSON.getNodeFactory().booleanNode(true);
        }
        result.put("message_id", numbers.incrementAndGet());
        result.put("date", Instant.now().getEpochSecond()).put("text", text);
        result.putObject("chat").put("id", request.path("chat_id").asInt()).put("type", "private");
      }
    }
    return result;
  }

  /**
   * Returns the updates from {@code offset} on, and waits for the first. A poll acknowledges all
   * earlier ones.
   */
  private JsonNode unacknowledged(int offset, int seconds) throws InterruptedException {
    var found = Answer.JSON.createArrayNode();
    long end =
        System.nanoTime()
            + TimeUnit.SECONDS.toNanos(Math.min(LONGEST_POLL_SECONDS, Math.max(0, seconds)));
    synchronized (updates) {
      updates.removeIf(update -> update.path("update_id").asInt() < offset);
      long left = end - System.nanoTime();
      while (updates.isEmpty() && left > 0) {
        TimeUnit.NANOSECONDS.timedWait(updates, left);
        left = end - System.nanoTime();
      }
      updates.forEach(found::add);
    }
    return found;
  }

  private static void send(HttpExchange exchange, int status, ObjectNode answer)
      throws IOException {
    byte[] bytes = answer.toString().getBytes(UTF_8);
    exchange.getResponseHeaders().add("content-type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
