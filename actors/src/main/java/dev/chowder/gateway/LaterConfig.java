package dev.chowder.gateway;

import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;

/**
 * Knows whether a configuration value was replaced. A node that was paused before it patched a
 * gateway asks for each patch, after it read the version of the gateway's configuration: the
 * gateway rejects a patch whose version is not its own. So a patch of a replaced value never
 * follows that of a later one. Blocks.
 */
@FunctionalInterface
public interface LaterConfig {
  /**
   * Returns whether the instance had this version of a value and now has a later one. False if the
   * version is not known yet.
   */
  boolean replaced(InstanceId id, String version);

  /**
   * Rejects a patch of a replaced value.
   *
   * @param what the changed part of the configuration
   * @throws WorkFailure if the value was replaced
   */
  default void requireCurrent(InstanceId id, String version, String what) {
    if (replaced(id, version)) throw WorkFailure.notNow(what, "a later change replaced this one");
  }
}
