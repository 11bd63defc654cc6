package dev.chowder.effect;

import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.ModelChoice;
import dev.chowder.openclaw.ModelListProbe;
import dev.chowder.openclaw.ModelListProbe.Finding;
import dev.chowder.openclaw.ModelSetup;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import java.util.function.IntConsumer;

/**
 * Turns an instance's choice of model into what OpenClaw is told, after the provider's key was
 * tried.
 */
public final class ModelSetups {
  private final SandboxDriver driver;
  private final IntConsumer openHostPort;
  private final SecretStore secrets;
  private final ModelListProbe probe;

  /**
   * Wires the setups.
   *
   * @param openHostPort makes a port of the host reachable for sandboxes, on whichever node they
   *     are started
   */
  public ModelSetups(
      SandboxDriver driver, IntConsumer openHostPort, SecretStore secrets, ModelListProbe probe) {
    this.driver = driver;
    this.openHostPort = openHostPort;
    this.secrets = secrets;
    this.probe = probe;
  }

  /**
   * {@code note} is worth knowing and stops nothing, such as a provider that could not be reached.
   */
  record Reachable(ModelSetup setup, String note) {}

  /** Fails with KEY_REFUSED or MODEL_PROVIDER_NOT_CONFIGURED. */
  Reachable reach(String organizationId, ModelChoice model) throws InterruptedException {
    var key = secrets.get(organizationId, SecretNames.providerKey(model.provider()));
    if (key.isEmpty() && !model.provider().equals("custom")) {
      throw new WorkFailure(
          "MODEL_PROVIDER_NOT_CONFIGURED",
          "the organization has no key for " + model.provider() + " any more");
    }
    var asChowderSeesIt =
        new ModelSetup(model.provider(), model.model(), model.baseUrl(), model.api(), key);
    String note = tried(asChowderSeesIt);
    return new Reachable(
        new ModelSetup(
            model.provider(), model.model(), fromSandbox(model.baseUrl()), model.api(), key),
        note);
  }

  /**
   * A sandbox's own localhost is not the machine that Chowder runs on: that one has another name
   * there, and a port to be opened.
   */
  private String fromSandbox(String baseUrl) {
    var localhost = LocalhostPort.of(baseUrl);
    localhost.ifPresent(openHostPort);
    return LocalhostPort.fromSandbox(baseUrl, driver::hostAddressFromSandbox);
  }

  /** The note, if there is one. */
  private String tried(ModelSetup setup) throws InterruptedException {
    return switch (probe.tryKey(setup)) {
      case Finding.Accepted() -> "";
      case Finding.Unknown(var note) -> note;
      case Finding.KeyRefused(var status) ->
          throw new WorkFailure(
              "KEY_REFUSED",
              setup.provider()
                  + " refuses the organization's key with status "
                  + status
                  + " (expected: a key that can list its models)");
    };
  }
}
