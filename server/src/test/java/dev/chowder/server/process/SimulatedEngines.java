package dev.chowder.server.process;

import com.typesafe.config.Config;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.SimulatedEngine;

/** Creates simulated engines for nodes that run in the process of a test. */
public final class SimulatedEngines {
  private SimulatedEngines() {}

  /** Returns an engine with the settings below {@code chowder.sandbox.fake}. */
  public static SandboxEngine of(Config config) {
    return new SimulatedEngine(FakeSandboxSettings.from(config));
  }
}
