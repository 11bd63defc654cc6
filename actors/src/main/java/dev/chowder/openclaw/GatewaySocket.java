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
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
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
   * Connects and identifies Chowder to the gateway.
   *
   * @param limit from now to the last answer
   * @param responses limits what the gateway may answer
   */
  static Opened open(
      HttpClient http,
      SandboxEndpoint gateway,
      Secret token,
      GatewayDevice device,
      Duration limit,
      GatewayResponses responses)
      throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    var frames = new Frames(responses);
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

  /** Asks; answers in one of the ways in which calls of the admin interface do. */
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
    var id = Integer.toString(++asked);
    var answer = frames.expect(id, method);
    var frame = OpenClawConfig.JSON.createObjectNode();
    frame.put("type", "req").put("id", id).put("method", method).set("params", params);
    try {
      var _ = socket.sendText(frame.toString(), true).get(left(), TimeUnit.NANOSECONDS);
      return new Reply(answer.get(left(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException late) {
      return new Silence("no answer in time");
    } catch (ExecutionException broken) {
      var cause = broken.getCause();
      return switch (cause) {
        case RejectedException rejected -> new Rejected(rejected.why());
        case Ended ended -> new Silence(ended.note);
        case null, default -> new Silence("the connection broke");
      };
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
    frames.close();
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

  /**
   * Assembles frames and keeps the expected response. Events that no call waits for are dropped as
   * they arrive, whatever their size.
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
      // The caller could use the previous response until now; its memory is released.
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
      end(new Ended("the connection broke"));
    }

    private synchronized void end(Exception why) {
      if (end == null) end = why;
      challenge.completeExceptionally(end);
      if (expected != null) expected.completeExceptionally(end);
    }

    @Override
    public synchronized void close() {
      end(new Ended("closed"));
      incoming.close();
    }
  }
}
