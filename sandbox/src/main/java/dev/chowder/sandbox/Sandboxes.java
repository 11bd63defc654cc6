package dev.chowder.sandbox;

/**
 * Finds the sandbox of an instance on the engine of this node. The parts of Chowder that use
 * sandboxes, but do not run them, have no engine.
 */
public final class Sandboxes {
  private final SandboxEngine engine;

  public Sandboxes(SandboxEngine engine) {
    this.engine = engine;
  }

  /** Returns the sandbox of an instance, whether it exists or not. */
  public Sandbox of(String instanceId) {
    return new Sandbox(SandboxId.ofInstance(instanceId), engine);
  }

  /** Returns the host that the engine shares with this node. */
  public SandboxHost host() {
    return engine.host();
  }
}
