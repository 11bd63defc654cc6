package dev.chowder.instance;

import static dev.chowder.instance.Decision.accept;
import static dev.chowder.instance.Decision.reject;

import dev.chowder.instance.InstanceState.Absent;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Member;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Tombstone;
import dev.chowder.instance.InstanceState.Waiting;
import java.util.List;

/** Decides how an instance reacts to a stop. Pure; a part of {@link InstanceLifecycle}. */
final class StopRules {
  private StopRules() {}

  static Decision decide(InstanceState state, InstanceCommand.Stop stop) {
    return switch (state) {
      // A wait for memory may take long, and stopping it interrupts no work.
      case Running _, Waiting _ -> accept(stopped(stop));
      case Stopping s when stop.ends() && !s.ends() -> accept(stopped(stop));
      case Stopped s when stop.ends() -> InstanceLifecycle.deepen(s, SleepLevel.OFF, stop.now());
      case Stopping _, Stopped _ -> accept();
      case Restarting s when stop.ends() -> duringStart(s, stop);
      case Starting s when stop.ends() -> duringStart(s, stop);
      case Provisioning _, Restarting _, Starting _, Errored _ ->
          InstanceLifecycle.wrongState((Existing) state, "running");
      case Absent(), Tombstone _, Deleted _, Member _ -> reject(new InstanceRejection.NotFound());
    };
  }

  /**
   * Ends a start as if its gateway was lost, and stops the instance, which then waits. Earlier
   * versions can apply both events.
   */
  private static Decision duringStart(Existing state, InstanceCommand.Stop stop) {
    return accept(
        List.of(
            new InstanceEvent.GatewayLost(
                state.attempt(),
                "GATEWAY_STOPPED",
                "an operator stopped the instance during its start",
                false,
                stop.now()),
            stopped(stop)));
  }

  private static InstanceEvent stopped(InstanceCommand.Stop stop) {
    return new InstanceEvent.StopRequested(stop.keyId(), stop.ends(), stop.now());
  }
}
