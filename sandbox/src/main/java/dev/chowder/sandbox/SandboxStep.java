package dev.chowder.sandbox;

import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import java.util.function.Supplier;

/**
 * Opens the sandbox driver.
 *
 * @param driver creates the driver, which is closed with the node
 */
public record SandboxStep(Supplier<SandboxDriver> driver) implements StartupStep<SandboxDriver> {
  @Override
  public SandboxDriver start(Startup startup) {
    return startup.add("sandbox driver", FailpointSandboxDriver.around(driver.get()));
  }
}
