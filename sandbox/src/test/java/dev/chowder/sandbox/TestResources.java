package dev.chowder.sandbox;

/** Resources of sandboxes for tests. */
public final class TestResources {
  /** Enough for a command of the contract tests. */
  public static final SandboxResources RESOURCES =
      new SandboxResources(192L << 20, 1_000_000_000L, 512, 0);

  /** Enough for OpenClaw. */
  public static final SandboxResources OPENCLAW =
      new SandboxResources(2L << 30, 2_000_000_000L, 512, 0);

  private TestResources() {}
}
