package dev.chowder.server.gateway;

import dev.chowder.secret.Secret;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/** Tells where an instance's gateway answers now. May block for a short while. */
@FunctionalInterface
public interface GatewayDirectory {
  /**
   * Looks an instance up.
   *
   * @param organizationId whose it must be; empty asks for any organization's
   */
  Place lookup(Optional<String> organizationId, String instanceId);

  /**
   * How often to ask again after a refusal: a rotation needs one. But a gateway that is taking its
   * new token may refuse both, on a busy machine for more than the 0.7 s of four; these are 6.3.
   */
  int MAX_REPETITIONS = 7;

  /**
   * How long to wait before a gateway that refused a token is asked for the n-th time again, from 1
   * on: at once, then longer each time.
   */
  static Duration pauseBefore(int repetition) {
    return repetition <= 1 ? Duration.ZERO : Duration.ofMillis(50L << (repetition - 1));
  }

  /**
   * The token to try after the gateway refused one: one that takes its place right now, else the
   * same again, since a gateway that just took another one may refuse both for a moment.
   *
   * @return empty when there is no gateway to ask any more
   */
  default Optional<Secret> tokenAfter(String organizationId, String instanceId, Secret refused) {
    return lookup(Optional.of(organizationId), instanceId) instanceof Place.Target now
        ? Stream.of(now.next(), Optional.of(now.token()))
            .flatMap(Optional::stream)
            .filter(token -> !token.equals(refused))
            .findFirst()
            .or(() -> Optional.of(refused))
        : Optional.empty();
  }

  /** What is known of an instance's gateway. */
  sealed interface Place {
    /**
     * It runs.
     *
     * @param address a resolved one, as seen from here
     * @param token opens everything in that agent
     * @param next takes the token's place right now, so that this may be the one that is valid
     */
    record Target(InetSocketAddress address, Secret token, Optional<Secret> next) implements Place {
      /** With a token that nothing replaces. */
      public Target(InetSocketAddress address, Secret token) {
        this(address, token, Optional.empty());
      }
    }

    /** The instance is there and does not run. */
    record WrongState(String status, String desiredStatus) implements Place {}

    /** The operator suspended the instance's organization. */
    record Suspended() implements Place {}

    /** There is no such instance, or it is another organization's. */
    record NotFound() implements Place {}
  }
}
