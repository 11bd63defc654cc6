package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import dev.chowder.base.Failpoints;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Opens the sandbox engine.
 *
 * @param engine creates the engine, which is closed with the node
 * @param separation how the engine hides the ids of sandboxes from each other
 * @param failpoints where a test ends the node
 */
public record SandboxStep(
    Supplier<SandboxEngine> engine, Separation separation, Failpoints failpoints)
    implements StartupStep<SandboxEngine> {
  /** The arguments of {@link SandboxEngine#separate}. */
  public record Separation(ByteString key, BooleanSupplier allowed) {}

  @Override
  public SandboxEngine start(Startup startup) {
    var opened = startup.add("sandbox engine", FailpointEngine.around(engine.get(), failpoints));
    opened.separate(separation.key(), separation.allowed());
    return opened;
  }
}
