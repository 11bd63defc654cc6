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
  public interface Keys {
    /**
     * Returns the key that may be sent to this model's origin; empty if the organization has none.
     * May block.
     *
     * @throws WorkFailure if the organization's key is now for another origin, or if the
     *     organization does not reply in time
     */
    Optional<Secret> of(String organizationId, ModelChoice model);

    /**
     * Returns the organization's current endpoint and key for the provider of this model. May
     * block.
     *
     * @throws WorkFailure if the organization does not reply in time
     */
    Current current(String organizationId, ModelChoice model);
  }

  /**
   * What an organization has set for a provider.
   *
   * @param model the model at the current endpoint; empty if the provider needs an endpoint and has
   *     none
   * @param key empty if there is none
   */
  public record Current(Optional<ModelChoice> model, Optional<Secret> key) {}

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
    return new Reachable(fromSandbox(model, key), testKey(onHost));
  }

  /**
   * Returns the setup that the organization has now for a home volume that exists. Tests no key,
   * because a provider that is unavailable must not prevent a boot.
   *
   * @throws WorkFailure if the organization does not reply in time
   */
  public Changed current(String organizationId, ModelChoice model) {
    var current = keys.current(organizationId, model);
    // A port that is closed stays closed. The agent boots without its model.
    current
        .model()
        .ifPresent(
            now ->
                LocalhostPort.of(now.baseUrl())
                    .ifPresent(
                        port -> {
                          var _ = hostPorts.use(organizationId, port);
                        }));
    return new Changed(
        current.model().map(now -> fromSandbox(now, current.key())), note(model, current));
  }

  /**
   * A setup for a home volume that exists.
   *
   * @param setup empty if the organization removed an endpoint that the provider needs
   * @param note why the agent cannot use its model; empty if it can
   */
  public record Changed(Optional<ModelSetup> setup, String note) {}

  private static String note(ModelChoice model, Current current) {
    if (current.model().isEmpty()) {
      return "the organization no longer has an endpoint for " + model.provider();
    }
    return current.key().isEmpty() && !model.provider().equals("custom")
        ? "the organization no longer has a key for " + model.provider()
        : "";
  }

  private ModelSetup fromSandbox(ModelChoice model, Optional<Secret> key) {
    return new ModelSetup(
        model.provider(),
        model.model(),
        // In a sandbox, localhost is another machine, and the host has another address.
        LocalhostPort.fromSandbox(model.baseUrl(), engine.host()::hostAddressFromSandbox),
        model.api(),
        key);
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
