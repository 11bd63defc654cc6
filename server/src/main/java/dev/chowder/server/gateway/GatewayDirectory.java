package dev.chowder.server.gateway;

import dev.chowder.secret.Secret;
import java.net.InetSocketAddress;
import java.util.Optional;

/** Tells where an instance's gateway answers now. May block for a short while. */
@FunctionalInterface
public interface GatewayDirectory {
  /**
   * Looks an instance up.
   *
   * @param organizationId whose it must be; empty asks for any organization's
   */
  Place lookup(Optional<String> organizationId, String instanceId);

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
