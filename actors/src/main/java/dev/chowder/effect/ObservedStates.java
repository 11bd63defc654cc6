package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.Ending;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;

/** Translates what a driver saw into what an instance can be told. */
final class ObservedStates {
  private ObservedStates() {}

  /** Without a look into the log. */
  static ObservedState of(InstanceView view, SandboxObservation seen) {
    return of(view, seen, "", Ending.BY_ITSELF);
  }

  /**
   * Adds the last lines of the log of a process that ended, since the engine does not know of a
   * full disk, and the events that the engine remembers.
   */
  static ObservedState withCause(SandboxDriver driver, InstanceView view, SandboxObservation seen)
      throws InterruptedException {
    return seen.mainProcess() instanceof MainProcess.Ended
        ? of(view, seen, LogTail.read(driver, seen.id()), driver.howEnded(seen.id()))
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
      case MainProcess.Paused _ ->
          new ObservedState.Down("GATEWAY_FROZEN", "gateway: it was frozen from outside", true);
      case MainProcess.Ended ended -> {
        var cause = CrashCause.of(ended, lastLines, ending);
        yield new ObservedState.Down(cause.reason(), "gateway: " + cause.text(), cause.byItself());
      }
      case MainProcess.Missing() ->
          seen.homeExists() ? new ObservedState.HomeOnly() : new ObservedState.Nothing();
    };
  }
}
