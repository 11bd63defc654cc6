package dev.chowder.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.simulator.FakeHttp;
import dev.chowder.simulator.FakeSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** The part of Mattermost that a bot needs: its REST API, and the WebSocket that delivers posts. */
final class FakeMattermost implements AutoCloseable {
  private static final String BOT = "bot0000000000000000000000b";
  private static final String DIRECT = "direct00000000000000000000";

  private final String token;
  private final FakeHttp server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<FakeSocket> listeners = ConcurrentHashMap.newKeySet();
  private final List<String> sent = new CopyOnWriteArrayList<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final AtomicInteger numbers = new AtomicInteger(1000);

  FakeMattermost(int port, String token) throws IOException {
    this.token = token;
    server =
        FakeHttp.listen(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), port),
            50,
            threads,
            this::handle);
  }

  /** Posts a message to the bot. It goes to every listener; there may be none. */
  void write(String sender, String text) throws IOException {
    ObjectNode post = post(sender, text);
    ObjectNode event = Answer.JSON.createObjectNode().put("event", "posted");
    event
        .putObject("data")
        .put("post", post.toString())
        .put("channel_type", "D")
        .put("channel_name", BOT + "__" + sender)
        .put("sender_name", "@ada");
    event.putObject("broadcast").put("channel_id", DIRECT);
    event.put("seq", numbers.incrementAndGet());
    for (FakeSocket listener : listeners) listener.send(event.toString());
  }

  int listeners() {
    return listeners.size();
  }

  /** Returns every text that the bot sent, including edits. */
  List<String> sent() {
    return List.copyOf(sent);
  }

  /** Returns the requests that it received. */
  List<String> requests() {
    return List.copyOf(asked);
  }

  private ObjectNode post(String user, String text) {
    ObjectNode post = Answer.JSON.createObjectNode();
    post.put("id", "post%022d".formatted(numbers.incrementAndGet()));
    post.put("user_id", user).put("channel_id", DIRECT).put("message", text).put("type", "");
    post.put("create_at", System.currentTimeMillis()).put("root_id", "");
    return post;
  }

  private void handle(FakeHttp.Exchange exchange) throws IOException {
    String path = exchange.path().replaceFirst("^/api/v4", "");
    asked.add(path);
    if (exchange.requestsSocket()) {
      exchange.accept(new Posts());
      return;
    }
    if (!exchange.header("authorization").equals("Bearer " + token)) {
      ObjectNode refusal = Answer.JSON.createObjectNode();
      refusal.put("id", "api.context.session_expired.app_error").put("status_code", 401);
      refusal.put("message", "Invalid or expired session, please login again.");
      send(exchange, 401, refusal);
      return;
    }
    send(exchange, 200, answer(path, body(exchange)));
  }

  /** Delivers posts to a bot that has sent the token. */
  private final class Posts implements FakeSocket.Listener {
    @Override
    public void received(FakeSocket socket, String text) throws IOException {
      JsonNode said = Answer.JSON.readTree(text);
      if (!said.path("action").asText().equals("authentication_challenge")) return;
      if (!said.at("/data/token").asText().equals(token)) throw new IOException("wrong token");
      socket.send("{\"status\":\"OK\",\"seq_reply\":1}");
      listeners.add(socket);
    }

    @Override
    public void closed(FakeSocket socket) {
      listeners.remove(socket);
    }
  }

  private static JsonNode body(FakeHttp.Exchange exchange) throws IOException {
    String body = new String(exchange.body(), UTF_8);
    return body.isEmpty() ? Answer.JSON.createObjectNode() : Answer.JSON.readTree(body);
  }

  private JsonNode answer(String path, JsonNode request) {
    ObjectNode answer = Answer.JSON.createObjectNode();
    if (path.equals("/users/me")) {
      return answer.put("id", BOT).put("username", "chowder").put("is_bot", true);
    }
    if (path.startsWith("/users/") && !path.endsWith("/typing")) {
      String id = path.substring("/users/".length()).split("/", 2)[0];
      if (path.endsWith("/teams")) return Answer.JSON.createArrayNode();
      return answer.put("id", id).put("username", "ada").put("first_name", "Ada");
    }
    if (path.equals("/posts") || path.startsWith("/posts/")) {
      String text = request.path("message").asText();
      if (!text.isEmpty()) sent.add(text);
      return post(BOT, text);
    }
    if (path.startsWith("/channels/")) {
      return answer.put("id", DIRECT).put("type", "D").put("name", BOT + "__ada");
    }
    return answer.put("status", "OK");
  }

  private static void send(FakeHttp.Exchange exchange, int status, JsonNode answer)
      throws IOException {
    exchange.send(status, "application/json", answer.toString().getBytes(UTF_8));
  }

  @Override
  public void close() throws IOException {
    server.close();
    threads.shutdownNow();
  }
}
