package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.GatewayAccess;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import java.time.Duration;
import java.util.Optional;

/** Returns the token of an instance's gateway to its callers, and rotates it. Blocks. */
public record InstanceAccess(
    InstanceClient client, InstanceDirectory directory, InstancePresenter presenter) {
  /** A running gateway needs about a second; a busy one finishes its work first. */
  private static final Duration ROTATION_TIMEOUT = Duration.ofSeconds(60);

  /** Most rotations end within this time. After it, the gateway itself is asked. */
  private static final Duration STEADY_TIMEOUT = Duration.ofSeconds(5);

  /** Returns the token that is valid now. */
  GatewayAccess get(Caller caller, InstanceId id) {
    var view =
        client.await(
            client.get(caller, id),
            now -> !now.profile().token().isPending() || isOver(now),
            STEADY_TIMEOUT);
    var token = valid(view);
    if (!view.ranBefore() || token.isEmpty()) throw wrongState(view, "running");
    return access(view, token.get());
  }

  private Optional<Secret> valid(InstanceView view) {
    var tokens = directory.tokens();
    if (!view.profile().token().isPending() || view.endpoint().isEmpty()) {
      return tokens.active(view.id());
    }
    var gateway = SandboxEndpoint.parse(view.endpoint().get());
    if (!directory.isCurrent(view, gateway)) return tokens.active(view.id());
    try {
      return tokens.valid(view.id(), gateway);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    }
  }

  /** Rotates the token. Returns the new one once it is the only valid one. */
  GatewayAccess rotate(Caller caller, InstanceId id) {
    var now = client.now();
    var requestId = Ids.next();
    var requested =
        client.send(
            caller,
            id,
            replyTo -> new InstanceCommand.RotateToken(caller.keyId(), requestId, now, replyTo));
    int rotation = requested.profile().token().asked();
    var view =
        client.await(
            requested,
            seen -> seen.profile().token().done() >= rotation || isOver(seen),
            ROTATION_TIMEOUT);
    if (view.profile().token().done() < rotation) {
      if (isOver(view)) throw wrongState(view, "running or stopped");
      throw ApiError.of(
          Reason.NO_ANSWER_IN_TIME,
          cannot(
              "finish the rotation",
              "the gateway did not accept its new token within %d s"
                  .formatted(ROTATION_TIMEOUT.toSeconds()),
              "read the token later, since the rotation continues"));
    }
    var token = directory.tokens().active(id);
    if (token.isEmpty()) throw wrongState(view, "running or stopped");
    return access(view, token.get());
  }

  /** Returns whether no rotation can end in this state. */
  private static boolean isOver(InstanceView view) {
    return view.status().now() == Name.ERROR || view.isTerminated();
  }

  private static ApiError wrongState(InstanceView view, String expected) {
    return RejectionErrors.of(
        new InstanceRejection.WrongState(
            view.status().now().label(), view.status().desired().label(), expected));
  }

  private GatewayAccess access(InstanceView view, Secret token) {
    return GatewayAccess.newBuilder()
        .setGatewayUrl(presenter.gatewayUrl(view.id()))
        .setGatewayToken(token.reveal())
        .build();
  }
}
