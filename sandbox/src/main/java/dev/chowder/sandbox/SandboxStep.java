package dev.chowder.sandbox;

import dev.chowder.base.Failpoints;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import java.util.function.Supplier;

/**
 * Opens the sandbox engine.
 *
 * @param engine creates the engine, which is closed with the node
 * @param failpoints where a test ends the node
 */
public record SandboxStep(Supplier<SandboxEngine> engine, Failpoints failpoints)
    implements StartupStep<SandboxEngine> {
  @Override
  public SandboxEngine start(Startup startup) {
    return startup.add("sandbox engine", FailpointEngine.around(engine.get(), failpoints));
  }
}
