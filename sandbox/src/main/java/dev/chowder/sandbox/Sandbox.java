package dev.chowder.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * The sandbox of one instance, for callers that use it and neither start nor end it. Each method is
 * that of its engine, and fails like it.
 */
public final class Sandbox {
  private final SandboxEngine engine;
  private final Supplier<SandboxId> id;

  /**
   * Creates a sandbox of an engine.
   *
   * @param id returns the id, or throws a {@link SandboxException} if the engine does not have the
   *     sandbox; called for each call
   */
  Sandbox(SandboxEngine engine, Supplier<SandboxId> id) {
    this.engine = engine;
    this.id = id;
  }

  /** Returns the current state ({@link SandboxEngine#observe}). */
  public SandboxObservation observe() {
    return engine.observe(id.get());
  }

  /** Returns the address of a port of the main process ({@link SandboxEngine#endpoint}). */
  public Optional<SandboxEndpoint> endpoint(int port) {
    return engine.endpoint(id.get(), port);
  }

  /** Sends the last lines of the main process ({@link SandboxEngine#logs}). */
  public AutoCloseable logs(int lines, boolean follow, SandboxLogReader reader) {
    return engine.logs(id.get(), lines, follow, reader);
  }

  /** Runs a command beside the main process ({@link SandboxTasks#exec}). */
  public TaskResult exec(List<String> command, Duration limit) {
    return engine.tasks().exec(id.get(), command, limit);
  }

  /** Freezes the main process ({@link SandboxEngine#freeze}). */
  public void freeze(int attempt) {
    var _ = engine.freeze(id.get(), attempt);
  }

  /** Measures the home directory ({@link SandboxHomes#measure}). */
  public Optional<HomeUsage> measure(HomeUsage most) {
    return engine.homes().measure(id.get(), most);
  }

  /** Writes files into the home directory ({@link SandboxHomes#writeFiles}). */
  public void writeFiles(Fence fence, List<SandboxFile> files) {
    engine.homes().writeFiles(id.get(), fence, files);
  }

  /** Returns access to a folder of the home directory ({@link SandboxHomes#folder}). */
  public HomeFolder folder(FilePath folder) {
    return engine.homes().folder(id.get(), folder);
  }
}
