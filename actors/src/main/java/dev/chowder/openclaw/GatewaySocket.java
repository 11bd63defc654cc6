package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One conversation with a gateway over its WebSocket, with one question at a time; it ends within
 * its limit. What the gateway tells besides is not listened to. For one thread.
 */
final class GatewaySocket implements AutoCloseable {
  private static final int PROTOCOL = 4;
  private static final String CLIENT = "gateway-client";
  private static final String MODE = "backend";
  private static final String ROLE = "operator";

  /** All that is asked for over it; deleting a session wants the last one. */
  private static final List<String> SCOPES =
      List.of("operator.read", "operator.write", "operator.admin");

  private final WebSocket socket;
  private final Frames frames;
  private final long until;
  private int asked;

  private GatewaySocket(WebSocket socket, Frames frames, long until) {
    this.socket = socket;
    this.frames = frames;
    this.until = until;
  }

  /** How a gateway received us. */
  sealed interface Opened {
    /** It listens. */
    record Open(GatewaySocket socket) implements Opened {}

    /** It does not know this device: somebody has to approve the request of that id. */
    record Unpaired(String requestId) implements Opened {}

    /** It does not, in one of the ways in which calls fail. */
    record Closed(AdminAnswer why) implements Opened {}
  }

  /**
   * Connects and says who we are.
   *
   * @param limit from here to the last answer
   * @param maxAnswer characters of one answer
   */
  static Opened open(
      HttpClient http,
      SandboxEndpoint gateway,
      Secret token,
      GatewayDevice device,
      Duration limit,
      long maxAnswer)
      throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    var frames = new Frames(maxAnswer);
    var connecting =
        http.newWebSocketBuilder()
            .connectTimeout(limit)
            .buildAsync(URI.create("ws://" + gateway + "/"), frames);
    try {
      var socket =
          new GatewaySocket(connecting.get(limit.toMillis(), TimeUnit.MILLISECONDS), frames, until);
      var opened = socket.introduce(token, device);
      if (!(opened instanceof Opened.Open)) socket.close();
      return opened;
    } catch (TimeoutException late) {
      // It may still come about.
      var _ = connecting.thenAccept(WebSocket::abort);
      return new Opened.Closed(late(limit));
    } catch (ExecutionException failed) {
      return new Opened.Closed(new NoAnswer("no connection"));
    } catch (InterruptedException e) {
      var _ = connecting.thenAccept(WebSocket::abort);
      throw e;
    }
  }

  private Opened introduce(Secret token, GatewayDevice device) throws InterruptedException {
    JsonNode challenge;
    try {
      challenge = frames.challenge.get(left(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException none) {
      return new Opened.Closed(new NoAnswer("no greeting"));
    }
    var params = OpenClawConfig.JSON.createObjectNode();
    params.put("minProtocol", PROTOCOL).put("maxProtocol", PROTOCOL);
    params
        .putObject("client")
        .put("id", CLIENT)
        .put("version", "1")
        .put("platform", "linux")
        .put("displayName", "Chowder")
        .put("mode", MODE);
    params.put("role", ROLE);
    var scopes = params.putArray("scopes");
    SCOPES.forEach(scopes::add);
    params.putObject("auth").put("token", token.reveal());
    params.set(
        "device",
        device.proof(
            CLIENT,
            MODE,
            ROLE,
            SCOPES,
            token,
            challenge.path("nonce").asText(),
            challenge.path("ts").asLong()));
    return switch (exchange("connect", params)) {
      case Reply(var frame) when frame.path("ok").asBoolean() -> new Opened.Open(this);
      case Reply(var frame) -> opened(frame.path("error"));
      case Silence(var note) -> new Opened.Closed(new NoAnswer(note));
    };
  }

  private static Opened opened(JsonNode error) {
    var details = error.path("details");
    var code = details.path("code").asText();
    if (code.equals("PAIRING_REQUIRED") && details.has("requestId")) {
      return new Opened.Unpaired(details.path("requestId").asText());
    }
    return new Opened.Closed(code.startsWith("AUTH_") ? new TokenRefused() : failure(error));
  }

  /** Asks; answers in one of the ways in which calls of the admin interface do. */
  AdminAnswer call(String method, ObjectNode params) throws InterruptedException {
    return switch (exchange(method, params)) {
      case Reply(var frame) when frame.path("ok").asBoolean() -> new Done(frame.path("payload"));
      case Reply(var frame) -> failure(frame.path("error"));
      case Silence(var note) -> new NoAnswer(note);
    };
  }

  private static AdminAnswer failure(JsonNode error) {
    var code = error.path("code").asText("UNKNOWN");
    var message = error.path("message").asText(code);
    return code.equals("UNAVAILABLE") ? new Busy(message) : new Refused(code, message, List.of());
  }

  private sealed interface Exchanged {}

  private record Reply(JsonNode frame) implements Exchanged {}

  private record Silence(String note) implements Exchanged {}

  private Exchanged exchange(String method, ObjectNode params) throws InterruptedException {
    var id = Integer.toString(++asked);
    var answer = frames.expect(id);
    var frame = OpenClawConfig.JSON.createObjectNode();
    frame.put("type", "req").put("id", id).put("method", method).set("params", params);
    try {
      var _ = socket.sendText(frame.toString(), true).get(left(), TimeUnit.NANOSECONDS);
      return new Reply(answer.get(left(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException late) {
      return new Silence("no answer in time");
    } catch (ExecutionException broken) {
      var cause = broken.getCause();
      return new Silence(cause instanceof Ended ended ? ended.note : "the connection broke");
    }
  }

  private long left() {
    return Math.max(0, until - System.nanoTime());
  }

  private static NoAnswer late(Duration limit) {
    return new NoAnswer("no answer within " + limit.toSeconds() + " s");
  }

  @Override
  public void close() {
    // Not by a handshake of closing, which the gateway may take its time for.
    socket.abort();
  }

  /** The connection's end; the note is for the caller. */
  private static final class Ended extends Exception {
    private static final long serialVersionUID = 1L;
    private final String note;

    Ended(String note) {
      super(note);
      this.note = note;
    }
  }

  /** Puts frames together, and keeps of them what somebody waits for. */
  private static final class Frames implements WebSocket.Listener {
    private final CompletableFuture<JsonNode> challenge = new CompletableFuture<>();
    private final long maxAnswer;
    private final StringBuilder text = new StringBuilder();

    // Guarded by this.
    private String expectedId = "";
    private @Nullable CompletableFuture<JsonNode> expected;
    private @Nullable Ended end;

    Frames(long maxAnswer) {
      this.maxAnswer = maxAnswer;
    }

    synchronized CompletableFuture<JsonNode> expect(String id) {
      var answer = new CompletableFuture<JsonNode>();
      expectedId = id;
      expected = answer;
      if (end != null) answer.completeExceptionally(end);
      return answer;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      if (text.length() + data.length() > maxAnswer) {
        socket.abort();
        end("an answer of more than " + maxAnswer + " characters");
        return null;
      }
      text.append(data);
      if (last) {
        var whole = text.toString();
        text.setLength(0);
        hear(whole);
      }
      socket.request(1);
      return null;
    }

    private void hear(String whole) {
      JsonNode frame;
      try {
        frame = OpenClawConfig.JSON.readTree(whole);
      } catch (JsonProcessingException noJson) {
        return;
      }
      switch (frame.path("type").asText()) {
        case "event" -> {
          if (frame.path("event").asText().equals("connect.challenge")) {
            challenge.complete(frame.path("payload"));
          }
        }
        case "res" -> answer(frame);
        default -> {}
      }
    }

    private synchronized void answer(JsonNode frame) {
      if (expected != null && frame.path("id").asText().equals(expectedId)) {
        expected.complete(frame);
      }
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      end("the gateway closed the connection");
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      end("the connection broke");
    }

    private synchronized void end(String note) {
      if (end == null) end = new Ended(note);
      challenge.completeExceptionally(end);
      if (expected != null) expected.completeExceptionally(end);
    }
  }
}
