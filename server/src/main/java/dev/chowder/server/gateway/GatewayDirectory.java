package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the current address of an instance's gateway. May block for a short time. */
@FunctionalInterface
public interface GatewayDirectory {
  /**
   * Looks up an instance.
   *
   * @param organizationId the organization that must own it; empty for any
   */
  Lookup lookup(Optional<String> organizationId, String instanceId);

  /**
   * Maximum number of retries after a gateway rejected a token. A rotation needs one. But a gateway
   * that is loading a new token may reject both, on a busy machine for longer than the 0.7 s of
   * four retries. Seven retries take 6.3 s.
   */
  int MAX_REPETITIONS = 7;

  /**
   * Returns how long to wait before a retry. The first retry follows at once; each later pause is
   * twice as long as the previous one.
   *
   * @param repetition number of the retry, from 1
   */
  static Duration pauseBefore(int repetition) {
    return repetition <= 1 ? Duration.ZERO : Duration.ofMillis(50L << (repetition - 1));
  }

  /**
   * Returns the token to try after the gateway rejected one. This is another token of a rotation,
   * or else the same token, since a gateway that is loading a new token may reject both for a
   * moment.
   *
   * @return empty if the gateway no longer runs
   */
  default Optional<Secret> tokenAfter(String organizationId, String instanceId, Secret refused) {
    return lookup(Optional.of(organizationId), instanceId) instanceof Lookup.Target now
        ? Stream.of(now.next(), Optional.of(now.token()))
            .flatMap(Optional::stream)
            .filter(token -> !token.equals(refused))
            .findFirst()
            .or(() -> Optional.of(refused))
        : Optional.empty();
  }

  /** The result of a lookup. */
  sealed interface Lookup {
    /**
     * The gateway runs.
     *
     * @param address resolved, and reachable from this node
     * @param token allows everything in that agent
     * @param next the new token during a rotation, which may already be the valid one
     * @param home the instance's home volume; empty if its journal does not name it
     */
    record Target(
        InetSocketAddress address, Secret token, Optional<Secret> next, Optional<HomeRef> home)
        implements Lookup {
      /** Creates a target without a rotation, and without a home volume in its journal. */
      public Target(InetSocketAddress address, Secret token) {
        this(address, token, Optional.empty(), Optional.empty());
      }
    }

    /** The instance exists and does not run. */
    record WrongState(String status, String desiredStatus) implements Lookup {}

    /**
     * The gateway ran, but the engine no longer reports its address, or does not respond. Another
     * process may have the port.
     */
    record Unconfirmed() implements Lookup {
      /** Returns the error for a call that needs the gateway. */
      public ApiError error() {
        return ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            cannot(
                "call the gateway",
                "the sandbox engine does not confirm its address since it restarted",
                "try again"));
      }
    }

    /** The operator suspended the instance's organization. */
    record Suspended() implements Lookup {}

    /** The instance does not exist, or belongs to another organization. */
    record NotFound() implements Lookup {}
  }
}
