package dev.chowder.gateway;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.hostport.LocalhostPort;
import dev.chowder.instance.ModelChoice;
import dev.chowder.openclaw.model.ModelListProbe;
import dev.chowder.openclaw.model.ModelListProbe.Result;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.secret.Secret;
import java.util.Optional;

/**
 * Turns an instance's choice of model into OpenClaw's model settings, and tests the key first.
 *
 * @param keys current keys of the organizations
 */
public record ModelSetups(
    SandboxEngine engine, HostPortUse hostPorts, Keys keys, ModelListProbe probe) {
  /** The keys of organizations at model providers. */
  @FunctionalInterface
  public interface Keys {
    /**
     * Returns the key that may be sent to this model's origin; empty if the organization has none.
     * May block.
     *
     * @throws WorkFailure if the organization's key is now for another origin, or if the
     *     organization does not reply in time
     */
    Optional<Secret> of(String organizationId, ModelChoice model);
  }

  /** Opens ports of the host's loopback; see {@link HostPortAccess#use}. */
  @FunctionalInterface
  public interface HostPortUse {
    HostPortAccess.State use(String organizationId, int port);
  }

  /**
   * A setup whose key was tested.
   *
   * @param note a problem that does not prevent a start, such as an unreachable provider; empty if
   *     there is none
   */
  public record Reachable(ModelSetup setup, String note) {}

  /**
   * Tests the key and returns the setup.
   *
   * @throws WorkFailure with KEY_REFUSED, MODEL_PROVIDER_NOT_CONFIGURED or REFUSED; with TIMED_OUT
   *     if the organization does not reply in time
   */
  public Reachable reach(String organizationId, ModelChoice model) throws InterruptedException {
    var key = keys.of(organizationId, model);
    if (key.isEmpty() && !model.provider().equals("custom")) {
      throw new WorkFailure(
          "MODEL_PROVIDER_NOT_CONFIGURED",
          cannot(
              "use model provider " + model.provider(),
              "the organization no longer has a key for it",
              "set a key"));
    }
    // The port is opened before the probe, because the probe connects to it.
    LocalhostPort.of(model.baseUrl()).ifPresent(port -> open(organizationId, port));
    var onHost = new ModelSetup(model.provider(), model.model(), model.baseUrl(), model.api(), key);
    String note = testKey(onHost);
    return new Reachable(
        new ModelSetup(
            model.provider(),
            model.model(),
            // In a sandbox, localhost is another machine, and the host has another address.
            LocalhostPort.fromSandbox(model.baseUrl(), engine.host()::hostAddressFromSandbox),
            model.api(),
            key),
        note);
  }

  private void open(String organizationId, int port) {
    switch (hostPorts.use(organizationId, port)) {
      case LISTED, UNLISTED -> {}
      case CLOSED -> throw closed(port, "the operator closed it");
      case OWN -> throw closed(port, "Chowder or the host uses it");
    }
  }

  private static WorkFailure closed(int port, String cause) {
    return new WorkFailure(
        "REFUSED",
        cannot(
            "use port " + port + " of localhost", cause, "set a base_url that names another port"));
  }

  /** Tests the key; returns the note, which is empty if the provider accepted the key. */
  private String testKey(ModelSetup setup) throws InterruptedException {
    return switch (probe.tryKey(setup)) {
      case Result.Accepted() -> "";
      case Result.Unknown(var note) -> note;
      case Result.KeyRefused(var status) ->
          throw new WorkFailure(
              "KEY_REFUSED",
              cannot(
                  "use the organization's key",
                  setup.provider() + " rejected it with status " + status,
                  "set a key that can list the provider's models"));
    };
  }
}
