package dev.chowder.sandbox;

import java.util.Optional;

/**
 * The state of one sandbox at one moment, as an engine observed it.
 *
 * @param home the generation of its home volume; empty if there is none
 */
public record SandboxObservation(SandboxId id, Optional<Integer> home, MainProcess mainProcess) {

  /** Returns the observation of a sandbox of which nothing exists. */
  public static SandboxObservation nothing(SandboxId id) {
    return new SandboxObservation(id, Optional.empty(), new MainProcess.Missing());
  }

  /** The long-running process of a sandbox. */
  public sealed interface MainProcess {
    /** No main process exists. */
    record Missing() implements MainProcess {}

    /** The process runs and listens on this endpoint. */
    record Up(int attempt, SandboxEndpoint endpoint) implements MainProcess {}

    /** The process is frozen. */
    record Paused(int attempt) implements MainProcess {}

    /** The process ended. A listing has the exit code {@link #NOT_INSPECTED}. */
    record Ended(int attempt, int exitCode, boolean outOfMemory) implements MainProcess {
      /** The exit code in a listing. Only an inspection knows how a process ended. */
      public static final int NOT_INSPECTED = -1;

      /** Returns the observation of an ended process in a listing. */
      public static Ended listed(int attempt) {
        return new Ended(attempt, NOT_INSPECTED, false);
      }
    }
  }

  public boolean homeExists() {
    return home.isPresent();
  }

  /** Returns the attempt of the existing main process in any state; 0 if there is none. */
  public int attempt() {
    return switch (mainProcess) {
      case MainProcess.Missing() -> 0;
      case MainProcess.Up(var attempt, _) -> attempt;
      case MainProcess.Paused(var attempt) -> attempt;
      case MainProcess.Ended(var attempt, _, _) -> attempt;
    };
  }

  public Optional<SandboxEndpoint> endpoint() {
    return mainProcess instanceof MainProcess.Up up ? Optional.of(up.endpoint()) : Optional.empty();
  }
}
