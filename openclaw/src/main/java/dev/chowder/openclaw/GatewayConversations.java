package dev.chowder.openclaw;

import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewaySocket.Opened;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import java.net.http.HttpClient;
import java.time.Duration;

/**
 * Opens conversations with gateways over their WebSocket, for methods that their admin interface
 * lacks. If a gateway does not know Chowder's device yet, approves the device through the admin
 * interface. Blocks.
 *
 * @param limit the maximum duration of one conversation
 * @param responses the limits of a gateway's responses
 */
public record GatewayConversations(
    HttpClient http, OpenClawAdmin admin, Duration limit, GatewayResponses responses) {
  /** A gateway's address, its token, and Chowder's device for it. */
  public record Gateway(SandboxEndpoint at, Secret token, GatewayDevice device) {}

  /** A call of a gateway failed or was rejected; the answer has the reason. */
  public static final class UnansweredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    @SuppressWarnings("serial") // Never serialized: it is thrown and caught within one call.
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

  /** Opens a conversation with another limit, for calls that may take longer. */
  GatewaySocket open(Gateway gateway, Duration limit) throws InterruptedException {
    var first = attempt(gateway, limit);
    if (!(first instanceof Opened.Unpaired(var requestId))) return opened(first);
    var request = OpenClawConfig.JSON.createObjectNode().put("requestId", requestId);
    var _ = admin.call(gateway.at(), gateway.token(), "device.pair.approve", request).payload();
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
          throw new UnansweredException(
              new NoAnswer("the gateway does not accept Chowder's device"));
    };
  }

  /** Makes the gateway read the files of its secrets again. */
  public AdminAnswer reloadSecrets(Gateway gateway) throws InterruptedException {
    try (var socket = open(gateway)) {
      return socket.call("secrets.reload", OpenClawConfig.JSON.createObjectNode());
    } catch (UnansweredException unanswered) {
      return unanswered.why();
    }
  }
}
