package dev.chowder.simulator;

import dev.chowder.sandbox.SandboxEngine;

/** Runs the contract of files on simulated sandboxes. */
class SimulatedHomeFolderTest extends SimulatorHomeFolderContract {
  @Override
  protected SandboxEngine engine() {
    return simulated();
  }
}
