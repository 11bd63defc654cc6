package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewaySocket.Opened;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.net.http.HttpClient;
import java.time.Duration;

/**
 * Begins conversations with gateways over their WebSocket, for what their admin interface does not
 * offer. A gateway that does not know Chowder yet is told by that interface that it may come in.
 * Blocks.
 */
public final class GatewayConversations {
  private final HttpClient http;
  private final OpenClawAdmin admin;
  private final Duration limit;
  private final GatewayResponses responses;

  /**
   * Creates conversations with gateways.
   *
   * @param limit of one conversation
   * @param responses limits what a gateway may answer
   */
  public GatewayConversations(
      HttpClient http, OpenClawAdmin admin, Duration limit, GatewayResponses responses) {
    this.http = http;
    this.admin = admin;
    this.limit = limit;
    this.responses = responses;
  }

  /** Whom to ask, and as whom. */
  public record Gateway(SandboxEndpoint at, Secret token, GatewayDevice device) {}

  /** The gateway could not be asked, or refused; the answer says why. */
  public static final class UnansweredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // Never serialized: it lives between two lines of one call.
    private final AdminAnswer why;

    UnansweredException(AdminAnswer why) {
      super(why.toString(), null, false, false);
      this.why = why;
    }

    public AdminAnswer why() {
      return why;
    }
  }

  GatewaySocket open(Gateway gateway) throws InterruptedException {
    return open(gateway, limit);
  }

  /** The same for what may take longer. */
  GatewaySocket open(Gateway gateway, Duration limit) throws InterruptedException {
    var first = attempt(gateway, limit);
    if (!(first instanceof Opened.Unpaired(var requestId))) return opened(first);
    var request = OpenClawConfig.JSON.createObjectNode().put("requestId", requestId);
    var _ = done(admin.call(gateway.at(), gateway.token(), "device.pair.approve", request));
    return opened(attempt(gateway, limit));
  }

  private Opened attempt(Gateway gateway, Duration limit) throws InterruptedException {
    return GatewaySocket.open(
        http, gateway.at(), gateway.token(), gateway.device(), limit, responses);
  }

  private static GatewaySocket opened(Opened opened) {
    return switch (opened) {
      case Opened.Open(var socket) -> socket;
      case Opened.Closed(var why) -> throw new UnansweredException(why);
      case Opened.Unpaired _ ->
          throw new UnansweredException(new NoAnswer("Chowder's device is not let in"));
    };
  }

  /** Has the gateway read the files again that its secrets lie in. */
  public AdminAnswer reloadSecrets(Gateway gateway) throws InterruptedException {
    try (var socket = open(gateway)) {
      return socket.call("secrets.reload", OpenClawConfig.JSON.createObjectNode());
    } catch (UnansweredException unanswered) {
      return unanswered.why();
    }
  }

  static JsonNode ask(GatewaySocket socket, String method, ObjectNode params)
      throws InterruptedException {
    return done(socket.call(method, params));
  }

  private static JsonNode done(AdminAnswer answer) {
    if (answer instanceof Done(var payload)) return payload;
    throw new UnansweredException(answer);
  }
}
