package dev.chowder.reconcile;

import dev.chowder.gateway.CrashCause;
import dev.chowder.gateway.LogTail;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;

/** Translates an engine's observation into the state that is reported to an instance. */
final class ObservedStates {
  private ObservedStates() {}

  /** Returns the observed state without reading the log. */
  static ObservedState of(InstanceView view, SandboxObservation seen) {
    return of(view, seen, "", Ending.BY_ITSELF);
  }

  /**
   * Returns the observed state, with the cause if the process ended. The cause is found in the last
   * lines of the log, since the engine does not notice a full disk, and in the engine's events.
   */
  static ObservedState withCause(SandboxEngine engine, InstanceView view, SandboxObservation seen)
      throws InterruptedException {
    return seen.mainProcess() instanceof MainProcess.Ended
        ? of(view, seen, LogTail.read(engine, seen.id()), engine.howEnded(seen.id()))
        : of(view, seen);
  }

  private static ObservedState of(
      InstanceView view, SandboxObservation seen, String lastLines, Ending ending) {
    int generation = view.profile().homes().generation();
    if (seen.mainProcess() instanceof MainProcess.Up(var attempt, var endpoint)
        && attempt > view.attempt()) {
      return new ObservedState.LaterUp(
          attempt, seen.home().orElse(generation), endpoint.toString());
    }
    if (seen.home().isPresent() && seen.home().get() != generation) {
      return new ObservedState.OtherHome(
          seen.home().get(), seen.mainProcess() instanceof MainProcess.Up);
    }
    return observed(seen, lastLines, ending);
  }

  private static ObservedState observed(SandboxObservation seen, String lastLines, Ending ending) {
    return switch (seen.mainProcess()) {
      case MainProcess.Up(_, var endpoint) -> new ObservedState.Up(endpoint.toString());
      case MainProcess.Paused _ -> new ObservedState.Frozen();
      case MainProcess.Ended ended -> {
        var cause = CrashCause.of(ended, lastLines, ending);
        yield new ObservedState.Down(cause.reason(), "gateway: " + cause.text(), cause.byItself());
      }
      case MainProcess.Missing() ->
          seen.homeExists() ? new ObservedState.HomeOnly() : new ObservedState.Nothing();
    };
  }
}
