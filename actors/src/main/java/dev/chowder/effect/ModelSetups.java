package dev.chowder.effect;

import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.ModelChoice;
import dev.chowder.openclaw.ModelListProbe;
import dev.chowder.openclaw.ModelListProbe.Result;
import dev.chowder.openclaw.ModelSetup;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.secret.Secret;
import java.util.Optional;

/**
 * Turns an instance's choice of model into what OpenClaw is told, after the provider's key was
 * tried.
 */
public final class ModelSetups {
  private final SandboxDriver driver;
  private final HostPortUse hostPorts;
  private final Keys keys;
  private final ModelListProbe probe;

  /**
   * Creates the setups of models.
   *
   * @param keys the organizations' current keys
   */
  public ModelSetups(SandboxDriver driver, HostPortUse hostPorts, Keys keys, ModelListProbe probe) {
    this.driver = driver;
    this.hostPorts = hostPorts;
    this.keys = keys;
    this.probe = probe;
  }

  /** The keys of organizations at model providers. */
  @FunctionalInterface
  public interface Keys {
    /**
     * Returns the key that may be sent to this model's origin; empty if the organization has none.
     * May block.
     *
     * @throws WorkFailure if the organization's key is now for another origin
     */
    Optional<Secret> of(String organizationId, ModelChoice model);
  }

  /** Opens ports of the host's loopback; see {@link HostPortAccess#use}. */
  @FunctionalInterface
  public interface HostPortUse {
    HostPortAccess.State use(String organizationId, int port);
  }

  /**
   * {@code note} is worth knowing and stops nothing, such as a provider that could not be reached.
   */
  record Reachable(ModelSetup setup, String note) {}

  /** Fails with KEY_REFUSED, MODEL_PROVIDER_NOT_CONFIGURED or REFUSED. */
  Reachable reach(String organizationId, ModelChoice model) throws InterruptedException {
    var key = keys.of(organizationId, model);
    if (key.isEmpty() && !model.provider().equals("custom")) {
      throw new WorkFailure(
          "MODEL_PROVIDER_NOT_CONFIGURED",
          "the organization has no key for " + model.provider() + " any more");
    }
    // Before the probe, which would connect to it.
    LocalhostPort.of(model.baseUrl()).ifPresent(port -> open(organizationId, port));
    var asChowderSeesIt =
        new ModelSetup(model.provider(), model.model(), model.baseUrl(), model.api(), key);
    String note = tried(asChowderSeesIt);
    return new Reachable(
        new ModelSetup(
            model.provider(),
            model.model(),
            // A sandbox's own localhost is another machine: the host has another name there.
            LocalhostPort.fromSandbox(model.baseUrl(), driver::hostAddressFromSandbox),
            model.api(),
            key),
        note);
  }

  private void open(String organizationId, int port) {
    switch (hostPorts.use(organizationId, port)) {
      case LISTED, UNLISTED -> {}
      case CLOSED -> throw closed(port, "the operator closed it");
      case OWN -> throw closed(port, "it is the host's own");
    }
  }

  private static WorkFailure closed(int port, String cause) {
    return new WorkFailure(
        "REFUSED",
        "cannot use port "
            + port
            + " of localhost: "
            + cause
            + "; set a base_url that names another");
  }

  /** The note, if there is one. */
  private String tried(ModelSetup setup) throws InterruptedException {
    return switch (probe.tryKey(setup)) {
      case Result.Accepted() -> "";
      case Result.Unknown(var note) -> note;
      case Result.KeyRefused(var status) ->
          throw new WorkFailure(
              "KEY_REFUSED",
              setup.provider()
                  + " refuses the organization's key with status "
                  + status
                  + " (expected: a key that can list its models)");
    };
  }
}
