package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.gateway.GatewayDirectory;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import dev.chowder.server.rate.SharedPermits;
import java.util.Optional;

/**
 * Calls the running gateway of a caller's instance, with a limit of concurrent calls. Instances of
 * other organizations are not found. A gateway that does not respond becomes an error of the API.
 * Blocks.
 */
public final class GatewayClient {
  private final GatewayDirectory directory;
  private final GatewayDevices devices;
  private final SharedPermits permits;

  /**
   * Creates a client.
   *
   * @param what subject of the calls, for error messages
   * @param maxOpen maximum number of concurrent calls
   */
  public GatewayClient(
      GatewayDirectory directory, GatewayDevices devices, String what, int maxOpen) {
    this.directory = directory;
    this.devices = devices;
    this.permits = new SharedPermits("open calls about " + what, maxOpen);
  }

  /**
   * A call to a gateway. It is repeated with another token if the gateway rejects the first one.
   *
   * @param <T> the result
   */
  public interface GatewayCall<T> {
    /** Performs the call. */
    T call(Gateway gateway) throws InterruptedException;
  }

  /**
   * Calls the gateway of the instance.
   *
   * @throws ApiError if the instance does not exist or does not run, or its gateway does not
   *     respond
   */
  public <T> T call(Caller caller, String instanceId, GatewayCall<T> call) {
    var target =
        switch (directory.lookup(Optional.of(caller.organizationId()), instanceId)) {
          case Lookup.Target found -> found;
          case Lookup.WrongState(var status, var desired) ->
              throw RejectionErrors.of(
                  new InstanceRejection.WrongState(status, desired, "running"));
          case Lookup.Suspended() -> throw ApiError.organizationSuspended();
          case Lookup.Unconfirmed unconfirmed -> throw unconfirmed.error();
          case Lookup.NotFound() -> throw ApiError.instanceNotFound();
        };
    try (var _ = permits.acquire(caller.organizationId())) {
      return call(caller, instanceId, target, call);
    } catch (UnansweredException unanswered) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE, cannot("call the gateway", cause(unanswered.why())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    }
  }

  private <T> T call(Caller caller, String instanceId, Lookup.Target target, GatewayCall<T> call)
      throws InterruptedException {
    var address = target.address();
    var endpoint = new SandboxEndpoint(address.getAddress().getHostAddress(), address.getPort());
    var device = devices.of(instanceId);
    var token = target.token();
    for (int tried = 0; ; tried++) {
      try {
        return call.call(new Gateway(endpoint, token, device));
      } catch (UnansweredException unanswered) {
        boolean refused = unanswered.why() instanceof AdminAnswer.TokenRefused;
        if (!refused || tried == GatewayDirectory.MAX_REPETITIONS) throw unanswered;
        Thread.sleep(GatewayDirectory.pauseBefore(tried + 1));
        token =
            directory
                .tokenAfter(caller.organizationId(), instanceId, token)
                .orElseThrow(() -> unanswered);
      }
    }
  }

  private static String cause(AdminAnswer why) {
    return switch (why) {
      case AdminAnswer.Done _ ->
          throw new IllegalStateException("unexpected: the gateway responded");
      case AdminAnswer.Refused(_, var message, _) -> message;
      case AdminAnswer.TokenRefused() -> "it rejects Chowder's token";
      case AdminAnswer.Busy(var message) -> message;
      case AdminAnswer.NoAnswer(var note) -> note;
    };
  }
}
