package dev.chowder.openclaw;

import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;

/**
 * Who Chowder is to each instance's gateway, kept with the instance's secrets: one device per
 * instance, made when it is asked for first. Two nodes that make one at the same time cost the
 * gateway a device that nobody uses.
 */
public final class GatewayDevices {
  private final SecretStore secrets;

  public GatewayDevices(SecretStore secrets) {
    this.secrets = secrets;
  }

  /** The instance's. */
  public GatewayDevice of(String instanceId) {
    return GatewayDevice.of(
        secrets
            .get(instanceId, SecretNames.GATEWAY_DEVICE)
            .orElseGet(
                () -> {
                  var made = GatewayDevice.make();
                  secrets.put(instanceId, SecretNames.GATEWAY_DEVICE, made);
                  return made;
                }));
  }
}
