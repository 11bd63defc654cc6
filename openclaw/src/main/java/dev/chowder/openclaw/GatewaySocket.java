package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.GatewayResponses.Incoming;
import dev.chowder.openclaw.GatewayResponses.RejectedException;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One conversation with a gateway over its WebSocket, with one call at a time. It ends within its
 * limit. Ignores events of the gateway after its challenge. For one thread.
 */
final class GatewaySocket implements AutoCloseable {
  private static final int PROTOCOL = 4;
  private static final String CLIENT = "gateway-client";
  private static final String MODE = "backend";
  private static final String ROLE = "operator";

  /** The rights that Chowder requests; deleting a session needs the last one. */
  private static final List<String> SCOPES =
      List.of("operator.read", "operator.write", "operator.admin");

  private final WebSocket socket;
  private final Frames frames;
  private final long deadline;
  private int calls;

  private GatewaySocket(WebSocket socket, Frames frames, long deadline) {
    this.socket = socket;
    this.frames = frames;
    this.deadline = deadline;
  }

  /** The result of opening a conversation. */
  sealed interface Opened {
    /** The gateway accepted the device. */
    record Open(GatewaySocket socket) implements Opened {}

    /** The gateway does not know this device; the request with this id must be approved. */
    record Unpaired(String requestId) implements Opened {}

    /** The gateway did not accept the connection; the answer has the reason. */
    record Closed(AdminAnswer why) implements Opened {}
  }

  /**
   * Connects and identifies Chowder to the gateway.
   *
   * @param limit the maximum time from this call to the last response
   * @param responses the limits of the gateway's responses
   */
  static Opened open(
      HttpClient http,
      SandboxEndpoint gateway,
      Secret token,
      GatewayDevice device,
      Duration limit,
      GatewayResponses responses)
      throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    var frames = new Frames(responses);
    var connecting =
        http.newWebSocketBuilder()
            .connectTimeout(limit)
            .buildAsync(URI.create("ws://" + gateway + "/"), frames);
    try {
      var socket =
          new GatewaySocket(
              connecting.get(limit.toMillis(), TimeUnit.MILLISECONDS), frames, deadline);
      var opened = socket.connect(token, device);
      if (!(opened instanceof Opened.Open)) socket.close();
      return opened;
    } catch (TimeoutException late) {
      // The connection may still be established.
      var _ = connecting.thenAccept(WebSocket::abort);
      return new Opened.Closed(late(limit));
    } catch (ExecutionException failed) {
      return new Opened.Closed(new NoAnswer("the connection failed"));
    } catch (InterruptedException e) {
      var _ = connecting.thenAccept(WebSocket::abort);
      throw e;
    }
  }

  private Opened connect(Secret token, GatewayDevice device) throws InterruptedException {
    JsonNode challenge;
    try {
      challenge = frames.challenge.get(left(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException none) {
      return new Opened.Closed(new NoAnswer("the gateway sent no challenge"));
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
      case Rejected(var why) -> new Opened.Closed(why);
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

  /** Calls a method; returns the same kinds of answers as the admin interface. */
  AdminAnswer call(String method, ObjectNode params) throws InterruptedException {
    return switch (exchange(method, params)) {
      case Reply(var frame) when frame.path("ok").asBoolean() -> new Done(frame.path("payload"));
      case Reply(var frame) -> failure(frame.path("error"));
      case Silence(var note) -> new NoAnswer(note);
      case Rejected(var why) -> why;
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

  private record Rejected(AdminAnswer why) implements Exchanged {}

  private Exchanged exchange(String method, ObjectNode params) throws InterruptedException {
    var id = Integer.toString(++calls);
    var answer = frames.expect(id, method);
    var frame = OpenClawConfig.JSON.createObjectNode();
    frame.put("type", "req").put("id", id).put("method", method).set("params", params);
    try {
      var _ = socket.sendText(frame.toString(), true).get(left(), TimeUnit.NANOSECONDS);
      return new Reply(answer.get(left(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException late) {
      return new Silence("the gateway did not respond to " + method + " in time");
    } catch (ExecutionException broken) {
      var cause = broken.getCause();
      return switch (cause) {
        case RejectedException rejected -> new Rejected(rejected.why());
        case Ended ended -> new Silence(ended.note);
        case null, default -> new Silence("the connection was lost");
      };
    }
  }

  private long left() {
    return Math.max(0, deadline - System.nanoTime());
  }

  private static NoAnswer late(Duration limit) {
    return new NoAnswer(
        "the gateway did not accept a connection within " + limit.toSeconds() + " s");
  }

  @Override
  public void close() {
    // Without a closing handshake, which a gateway could delay.
    socket.abort();
    frames.close();
  }

  /** The connection ended; the note is shown to the caller. */
  private static final class Ended extends Exception {
    private static final long serialVersionUID = 1L;
    private final String note;

    Ended(String note) {
      super(note);
      this.note = note;
    }
  }

  /**
   * Assembles frames and keeps the expected response. Drops events as they arrive, whatever their
   * size, except the challenge.
   */
  private static final class Frames implements WebSocket.Listener, AutoCloseable {
    private static final String EVENT = "{\"type\":\"event\"";

    private final CompletableFuture<JsonNode> challenge = new CompletableFuture<>();
    private final GatewayResponses responses;

    // Guarded by this.
    private Incoming incoming;
    private boolean dropping;
    private String expectedId = "";
    private @Nullable CompletableFuture<JsonNode> expected;
    private @Nullable Exception end;

    Frames(GatewayResponses responses) {
      this.responses = responses;
      this.incoming = responses.begin("connect.challenge");
    }

    synchronized CompletableFuture<JsonNode> expect(String id, String method) {
      var answer = new CompletableFuture<JsonNode>();
      expectedId = id;
      expected = answer;
      // The caller may use a response until its next call. Then its memory is released.
      incoming.close();
      incoming = responses.begin(method);
      if (end != null) answer.completeExceptionally(end);
      return answer;
    }

    @Override
    public synchronized @Nullable CompletionStage<?> onText(
        WebSocket socket, CharSequence data, boolean last) {
      try {
        if (!dropping) incoming.append(StandardCharsets.UTF_8.encode(CharBuffer.wrap(data)));
        if (challenge.isDone() && incoming.startsWith(EVENT)) {
          incoming.clear();
          dropping = true;
        }
        if (last) {
          if (!dropping) receive();
          dropping = false;
          incoming.clear();
        }
        socket.request(1);
      } catch (RejectedException why) {
        socket.abort();
        end(why);
      }
      return null;
    }

    private void receive() throws RejectedException {
      JsonNode frame;
      try {
        frame = incoming.parse();
      } catch (RejectedException why) {
        throw why;
      } catch (IOException noJson) {
        return;
      }
      switch (frame.path("type").asText()) {
        case "event" -> {
          if (frame.path("event").asText().equals("connect.challenge")) {
            challenge.complete(frame.path("payload"));
          }
        }
        case "res" -> {
          if (expected != null && frame.path("id").asText().equals(expectedId)) {
            expected.complete(frame);
          }
        }
        default -> {}
      }
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      end(new Ended("the gateway closed the connection"));
      return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
      end(new Ended("the connection was lost"));
    }

    private synchronized void end(Exception why) {
      if (end == null) end = why;
      challenge.completeExceptionally(end);
      if (expected != null) expected.completeExceptionally(end);
    }

    @Override
    public synchronized void close() {
      end(new Ended("the conversation was closed"));
      incoming.close();
    }
  }
}
