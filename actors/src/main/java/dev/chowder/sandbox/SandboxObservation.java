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

    /** It ended. In a listing its exit code is {@link #NOT_INSPECTED}. */
    record Ended(int attempt, int exitCode, boolean outOfMemory) implements MainProcess {
      /** What a listing has for an exit code: only an inspection knows how a process ended. */
      public static final int NOT_INSPECTED = -1;

      /** How a listing shows it. */
      public static Ended listed(int attempt) {
        return new Ended(attempt, NOT_INSPECTED, false);
      }
    }
  }

  public Optional<SandboxDriver.SandboxEndpoint> endpoint() {
    return mainProcess instanceof MainProcess.Up up ? Optional.of(up.endpoint()) : Optional.empty();
  }
}
