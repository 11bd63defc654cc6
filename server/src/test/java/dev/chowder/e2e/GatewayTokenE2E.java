package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.server.edge.RawHttp;
import java.io.IOException;
import java.net.URI;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rotates the token of a real gateway. No connection that the previous token opened stays open. */
@ExtendWith(SharedAgents.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GatewayTokenE2E {
  /** OpenClaw's close code for a changed authorization. */
  private static final int AUTHORIZATION_CHANGED = 4001;

  private final Agent agent = SharedAgents.first();

  @Test
  void rotationReplacesTheTokenOfARunningGatewayAndClosesItsWebSockets() throws Exception {
    String previous = agent.gatewayToken();
    assertThat(sendToItsOwnAddress(previous)).isEqualTo(200);
    String container = agent.container();
    String started = Docker.inspect(container).at("/State/StartedAt").asText();
    try (var socket = OpenSocket.with(agent, previous)) {
      Answer answer = agent.caller().post(agent.path("/gateway/rotate")).is(200);

      String token = answer.text("gateway_token");
      assertThat(token).isNotEqualTo(previous).hasSizeGreaterThan(40);
      assertThat(answer.text("gateway_url")).isEqualTo(agent.get().text("gateway_url"));
      assertThat(socket.closed(Duration.ofSeconds(15))).isEqualTo(AUTHORIZATION_CHANGED);
      assertThat(sendToItsOwnAddress(previous)).isEqualTo(401);
      assertThat(sendToItsOwnAddress(token)).isEqualTo(200);
      assertThat(agent.gatewayToken()).isEqualTo(token);
    }
    assertThat(agent.send("Reply with exactly: still here").is(200).agentText())
        .isEqualTo("still here");
    agent.caller().get(agent.path("/sessions")).is(200);
    assertThat(Docker.inspect(container).at("/State/StartedAt").asText())
        .as("attempt of the gateway")
        .isEqualTo(started);
    Answer events = agent.caller().get(agent.path("/events?page_size=2")).is(200);
    assertThat(
            StreamSupport.stream(events.json().path("events").spliterator(), false)
                .map(event -> event.path("type").asText()))
        .containsExactly("token_rotated", "token_rotation_requested");
    assertThat(events.json().at("/events/1/key_id").asText()).isNotEmpty();
    assertThat(events.body()).doesNotContain(previous, agent.gatewayToken());
    assertThat(Docker.logs(container)).doesNotContain(previous, agent.gatewayToken());
  }

  @Test
  void messagesSentDuringARotationAreAllAnswered() throws Exception {
    try (var talk = new Talk(agent)) {
      for (int n = 0; n < 3; n++) agent.caller().post(agent.path("/gateway/rotate")).is(200);
      assertThat(talk.end()).isPositive();
    }
  }

  @Test
  void aScopedKeyCannotRotateTheToken() {
    String body =
        """
        {"name": "all", "instance_ids": ["%s"], "permissions": ["read", "interact", "configure"]}
        """
            .formatted(agent.id());
    Answer made = agent.caller().post("/v1/keys", body).is(201);
    new Caller(made.text("raw_key"))
        .post(agent.path("/gateway/rotate"))
        .isError(403, "KEY_LACKS_PERMISSION");
    agent.caller().delete("/v1/keys/" + made.text("id")).is(204);
  }

  private int sendToItsOwnAddress(String token) throws IOException {
    return RawHttp.send(
            Installation.UNDER_TEST.restAddress(),
            RawHttp.Request.of("POST", "/v1/responses")
                .with("Host", host(agent))
                .with("Authorization", "Bearer " + token)
                .json(Agent.message("Hello").put("model", "openclaw/main").toString()))
        .status();
  }

  private static String host(Agent agent) {
    return URI.create(agent.get().text("gateway_url")).getAuthority();
  }

  /** Sends one message after another until it is closed, and expects a response to each. */
  private static final class Talk implements AutoCloseable {
    private final CompletableFuture<Integer> said = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean over;

    Talk(Agent agent) {
      thread =
          Thread.ofVirtual()
              .start(
                  () -> {
                    int n = 0;
                    try {
                      while (!over) {
                        agent.send("token-talk", "Reply with exactly: " + ++n).is(200);
                      }
                      said.complete(n);
                    } catch (RuntimeException | AssertionError failed) {
                      said.completeExceptionally(failed);
                    }
                  });
    }

    int end() throws Exception {
      over = true;
      return said.get(Limits.STEP.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
      over = true;
      try {
        thread.join(Limits.STEP);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** A WebSocket that the gateway accepted with a token. */
  private static final class OpenSocket implements WebSocket.Listener, AutoCloseable {
    private final CompletableFuture<JsonNode> letIn = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final StringBuilder text = new StringBuilder();
    private final String token;
    private @Nullable WebSocket socket;

    private OpenSocket(String token) {
      this.token = token;
    }

    static OpenSocket with(Agent agent, String token) throws Exception {
      var listener = new OpenSocket(token);
      var address = Docker.docker("port", agent.container()).out().split(" -> ", 2)[1].strip();
      listener.socket =
          Caller.HTTP
              .newWebSocketBuilder()
              .buildAsync(URI.create("ws://" + address.lines().findFirst().orElseThrow()), listener)
              .get(Limits.QUICK.toSeconds(), TimeUnit.SECONDS);
      var hello = listener.letIn.get(Limits.QUICK.toSeconds(), TimeUnit.SECONDS);
      assertThat(hello.path("ok").asBoolean()).as("%s", hello).isTrue();
      assertThat(listener.closed).isNotDone();
      return listener;
    }

    /** Returns the code with which the gateway closed it. */
    int closed(Duration limit) throws Exception {
      return closed.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket webSocket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        JsonNode frame = new Answer(200, java.util.Map.of(), text.toString()).json();
        text.setLength(0);
        if (frame.path("event").asText().equals("connect.challenge")) connect(webSocket);
        if (frame.path("type").asText().equals("res")) letIn.complete(frame);
      }
      webSocket.request(1);
      return null;
    }

    private void connect(WebSocket webSocket) {
      var frame = Answer.JSON.createObjectNode();
      frame.put("type", "req").put("id", "1").put("method", "connect");
      var params = frame.putObject("params");
      params.put("minProtocol", 4).put("maxProtocol", 4).put("role", "operator");
      params
          .putObject("client")
          .put("id", "gateway-client")
          .put("mode", "backend")
          .put("version", "1")
          .put("platform", "linux");
      params.putArray("scopes").add("operator.read");
      params.putObject("auth").put("token", token);
      var _ = webSocket.sendText(frame.toString(), true);
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
      closed.complete(code);
      return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
      closed.completeExceptionally(error);
    }

    @Override
    public void close() {
      if (socket != null) socket.abort();
    }
  }
}
