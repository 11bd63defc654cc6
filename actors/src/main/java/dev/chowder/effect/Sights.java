package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand.Sight;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;

/** Translates what a driver saw into what an instance can be told. */
final class Sights {
  private Sights() {}

  static Sight of(SandboxObservation seen) {
    return switch (seen.mainProcess()) {
      case MainProcess.Up(_, var endpoint) -> new Sight.Up(endpoint.toString());
      case MainProcess.Paused _ ->
          new Sight.Down("GATEWAY_FROZEN", "gateway: it was frozen from outside");
      case MainProcess.Ended(_, var exitCode, var outOfMemory) ->
          outOfMemory
              ? new Sight.Down(
                  "OUT_OF_MEMORY", "gateway: killed because the sandbox's memory limit was reached")
              : new Sight.Down(
                  "GATEWAY_CRASHED", "gateway: it ended by itself with exit code " + exitCode);
      case MainProcess.Missing() -> seen.homeExists() ? new Sight.Asleep() : new Sight.Nothing();
    };
  }
}
