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
   * How many other tokens to try; one rotation needs one, and they may follow one another quickly.
   */
  int MAX_OTHER_TOKENS = 4;

  /**
   * How long to wait before the n-th other token is tried, from 1 on: at once, then longer each
   * time, since a gateway that is taking another one may refuse both for a moment.
   */
  static Duration pauseBefore(int other) {
    return other <= 1 ? Duration.ZERO : Duration.ofMillis(50L << (other - 1));
  }

  /**
   * The token to try after the gateway refused one, which may be replaced right now.
   *
   * @return empty when no other is known by now
   */
  default Optional<Secret> otherToken(String organizationId, String instanceId, Secret refused) {
    return lookup(Optional.of(organizationId), instanceId) instanceof Place.Target now
        ? Stream.of(now.next(), Optional.of(now.token()))
            .flatMap(Optional::stream)
            .filter(token -> !token.equals(refused))
            .findFirst()
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

    /** There is no such instance, or it is another organization's. */
    record NotFound() implements Place {}
  }
}
