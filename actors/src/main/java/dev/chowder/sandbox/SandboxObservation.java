package dev.chowder.sandbox;

import java.util.Optional;

/** What a driver saw of one sandbox at one moment. */
public record SandboxObservation(SandboxId id, boolean homeExists, MainProcess mainProcess) {

  /** The long-running process of a sandbox. */
  public sealed interface MainProcess {
    /** There is none. */
    record Missing() implements MainProcess {}

    /** It runs and answers there. */
    record Up(int attempt, SandboxDriver.SandboxEndpoint endpoint) implements MainProcess {}

    /** It is frozen. */
    record Paused(int attempt) implements MainProcess {}

    /** It ended. */
    record Ended(int attempt, int exitCode, boolean outOfMemory) implements MainProcess {}
  }

  public Optional<SandboxDriver.SandboxEndpoint> endpoint() {
    return mainProcess instanceof MainProcess.Up up ? Optional.of(up.endpoint()) : Optional.empty();
  }
}
