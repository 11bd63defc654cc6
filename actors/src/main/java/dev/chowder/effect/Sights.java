package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand.Sight;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.Ending;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;

/** Translates what a driver saw into what an instance can be told. */
final class Sights {
  private Sights() {}

  /** Without a look into the log. */
  static Sight of(SandboxObservation seen) {
    return of(seen, "", Ending.BY_ITSELF);
  }

  /**
   * With the last lines of a process that ended, since the engine does not know of a full disk, and
   * with what the engine remembers of its end.
   */
  static Sight withCause(SandboxDriver driver, SandboxObservation seen)
      throws InterruptedException {
    return seen.mainProcess() instanceof MainProcess.Ended
        ? of(seen, LogTail.read(driver, seen.id()), driver.howEnded(seen.id()))
        : of(seen);
  }

  private static Sight of(SandboxObservation seen, String lastLines, Ending ending) {
    return switch (seen.mainProcess()) {
      case MainProcess.Up(_, var endpoint) -> new Sight.Up(endpoint.toString());
      case MainProcess.Paused _ ->
          new Sight.Down("GATEWAY_FROZEN", "gateway: it was frozen from outside", true);
      case MainProcess.Ended ended -> {
        var cause = CrashCause.of(ended, lastLines, ending);
        yield new Sight.Down(cause.reason(), "gateway: " + cause.text(), cause.byItself());
      }
      case MainProcess.Missing() -> seen.homeExists() ? new Sight.Asleep() : new Sight.Nothing();
    };
  }
}
