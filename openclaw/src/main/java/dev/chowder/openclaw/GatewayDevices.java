package dev.chowder.openclaw;

import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;

/**
 * Stores Chowder's device for each instance's gateway among the instance's secrets. Creates it at
 * the first use. If two nodes create one at the same time, the gateway may keep one unused device.
 */
public record GatewayDevices(SecretStore secrets) {
  /** Returns the instance's device. */
  public GatewayDevice of(String instanceId) {
    return GatewayDevice.of(
        secrets
            .get(instanceId, SecretNames.GATEWAY_DEVICE)
            .orElseGet(
                () -> {
                  var created = GatewayDevice.create();
                  secrets.put(instanceId, SecretNames.GATEWAY_DEVICE, created);
                  return created;
                }));
  }
}
