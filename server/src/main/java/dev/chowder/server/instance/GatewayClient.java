package dev.chowder.server.instance;

import dev.chowder.instance.InstanceRejection;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.SharedPermits;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.gateway.GatewayDirectory;
import dev.chowder.server.gateway.GatewayDirectory.Place;
import java.util.Optional;

/**
 * Asks the running gateway of a caller's instance, so many questions at once: whose it is not, is
 * not there; what a gateway fails to answer becomes an error. Blocks.
 */
public final class GatewayClient {
  private final GatewayDirectory directory;
  private final GatewayDevices devices;
  private final SharedPermits permits;

  /**
   * Wires it.
   *
   * @param what the questions are about
   * @param maxOpen questions at once
   */
  public GatewayClient(
      GatewayDirectory directory, GatewayDevices devices, String what, int maxOpen) {
    this.directory = directory;
    this.devices = devices;
    this.permits = new SharedPermits("open calls about " + what, maxOpen);
  }

  /**
   * What is asked; again, with another token, where the gateway refuses the first one.
   *
   * @param <T> the answer
   */
  public interface GatewayCall<T> {
    /** Asks it. */
    T ask(Gateway gateway) throws InterruptedException;
  }

  /** Asks the instance's gateway. */
  public <T> T ask(Caller caller, String instanceId, GatewayCall<T> question) {
    var target =
        switch (directory.lookup(Optional.of(caller.organizationId()), instanceId)) {
          case Place.Target found -> found;
          case Place.WrongState(var status, var desired) ->
              throw InstanceClient.error(
                  new InstanceRejection.WrongState(status, desired, "running"));
          case Place.Suspended() -> throw ApiError.organizationSuspended();
          case Place.NotFound() -> throw ApiError.instanceNotFound();
        };
    try (var _ = permits.acquire(caller.organizationId())) {
      return ask(caller, instanceId, target, question);
    } catch (UnansweredException unanswered) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          "gateway: " + words(unanswered.why()) + " (expected: an answer)");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.of(Reason.CANCELLED, "the call was cancelled");
    }
  }

  private <T> T ask(Caller caller, String instanceId, Place.Target target, GatewayCall<T> question)
      throws InterruptedException {
    var address = target.address();
    var endpoint = new SandboxEndpoint(address.getAddress().getHostAddress(), address.getPort());
    var device = devices.of(instanceId);
    var token = target.token();
    for (int tried = 0; ; tried++) {
      try {
        return question.ask(new Gateway(endpoint, token, device));
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

  private static String words(AdminAnswer why) {
    return switch (why) {
      case AdminAnswer.Done _ -> throw new IllegalStateException("an answer after all");
      case AdminAnswer.Refused(_, var message, _) -> message;
      case AdminAnswer.TokenRefused() -> "refuses Chowder's token";
      case AdminAnswer.Busy(var message) -> message;
      case AdminAnswer.NoAnswer(var note) -> note;
    };
  }
}
