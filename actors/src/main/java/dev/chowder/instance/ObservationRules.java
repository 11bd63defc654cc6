package dev.chowder.instance;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.instance.Decision.accept;

import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Provisioning;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Starting;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Waiting;
import dev.chowder.instance.InstanceState.Warming;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides how an instance reacts to the observed state of its sandbox. Pure; a part of the rules of
 * {@link InstanceLifecycle}.
 */
final class ObservationRules {
  /** Reasons of failed starts, restarts and stops that the gateway did not cause. */
  private static final Set<String> ENGINE_LOSSES =
      Set.of("ENGINE_UNREACHABLE", "ENGINE_RESTARTED", "GATEWAY_STOPPED");

  private ObservationRules() {}

  static Decision decide(InstanceState state, Observed o) {
    if (!(state instanceof Existing existing) || existing.attempt() != o.attempt()) return accept();
    return switch (existing) {
      case Running r ->
          switch (o.observed()) {
            case ObservedState.Up(var endpoint) ->
                endpoint.equals(r.endpoint())
                    ? accept()
                    : accept(new InstanceEvent.EndpointMoved(r.attempt(), endpoint, o.now()));
            case ObservedState.Down(var reason, var message, var byItself) ->
                byItself
                    ? crashed(r, reason, message, o)
                    : accept(
                        new InstanceEvent.GatewayLost(
                            r.attempt(), reason, message, false, o.now()));
            case ObservedState.Frozen() ->
                crashed(
                    r,
                    "GATEWAY_FROZEN",
                    "gateway: it was frozen by something other than Chowder",
                    o);
            case ObservedState.HomeOnly() ->
                crashed(
                    r,
                    "CONTAINER_REMOVED",
                    "gateway: its container was removed outside Chowder",
                    o);
            case ObservedState.DiskFull(var message) ->
                accept(failed(r.attempt(), "DISK_FULL", message, o.now()));
            case ObservedState.Nothing() -> accept(homeLost(r, o.now()));
            case ObservedState.OtherHome(var other, _) -> accept(homeReplaced(r, other, o.now()));
            case ObservedState.LaterUp later -> accept(found(later, o.now()));
          };
      case Stopped s ->
          switch (o.observed()) {
            // The effect that ends a sleeping gateway may thaw it first.
            case ObservedState.Up _ ->
                s.pendingEffect() instanceof InstanceEffect.Deepen
                    ? accept()
                    : accept(new InstanceEvent.StopRequested("", false, o.now()));
            case ObservedState.Nothing() -> accept(homeLost(s, o.now()));
            case ObservedState.OtherHome(var other, _) -> accept(homeReplaced(s, other, o.now()));
            case ObservedState.LaterUp later ->
                accept(
                    List.of(
                        found(later, o.now()),
                        new InstanceEvent.StopRequested("", false, o.now())));
            // A sleeping gateway ended with the host, the engine or for lack of memory. Nothing is
            // lost, because it had finished its work before it was frozen.
            case ObservedState.HomeOnly(), ObservedState.Down _ ->
                s.sleep().holdsProcesses()
                    ? accept(
                        new InstanceEvent.SleepReached(
                            s.attempt(), SleepLevel.OFF, SleepMemory.NONE, o.now()))
                    : accept();
            // No event says that this process finished its work, so it is ended.
            case ObservedState.Frozen() ->
                s.sleep().holdsProcesses()
                    ? accept()
                    : accept(new InstanceEvent.StopRequested("", true, o.now()));
            case ObservedState.DiskFull _ -> accept();
          };
      case Errored e ->
          !e.cleanupPending() && mayBeRemoved(e, o.observed())
              ? accept(new InstanceEvent.LeftoverFound(o.now()))
              : accept();
      case Deleted d ->
          !d.cleanupPending() && !(o.observed() instanceof ObservedState.Nothing)
              ? accept(new InstanceEvent.LeftoverFound(o.now()))
              : accept();
      // A member is worth nothing without its gateway.
      case Pooled p ->
          o.observed().equals(new ObservedState.Up(p.endpoint()))
              ? accept()
              : MemberRules.discard(p, false, o.now());
      case Discarded d ->
          !d.cleanupPending() && !(o.observed() instanceof ObservedState.Nothing)
              ? accept(new InstanceEvent.LeftoverFound(o.now()))
              : accept();
      case Warming _ -> accept();
      case Provisioning _, Waiting _, Starting _, Stopping _, Restarting _ -> accept();
    };
  }

  /** Returns whether the engine or the host caused a failure with this reason. */
  static boolean isEngineLoss(String reason) {
    return ENGINE_LOSSES.contains(reason);
  }

  /**
   * Returns whether the sandbox has something to remove: processes of a failed instance, or a home
   * volume in which no agent ever ran.
   */
  private static boolean mayBeRemoved(Errored e, ObservedState observed) {
    return switch (observed) {
      case ObservedState.Nothing(), ObservedState.DiskFull _ -> false;
      case ObservedState.Up _ -> true;
      case ObservedState.HomeOnly(), ObservedState.Down _, ObservedState.Frozen() -> !e.homeKept();
      case ObservedState.OtherHome(var other, var runs) ->
          runs || (!e.homeKept() && e.profile().homes().isUnused(other, e.attempt()));
      // An agent runs in it, so it is stopped and kept, like a sandbox that no journal knows.
      case ObservedState.LaterUp _ -> false;
    };
  }

  private static InstanceEvent found(ObservedState.LaterUp later, Instant now) {
    return new InstanceEvent.LaterAttemptFound(
        later.attempt(), later.generation(), later.endpoint(), now);
  }

  private static InstanceEvent homeLost(Existing state, Instant now) {
    return failed(
        state.attempt(),
        "SANDBOX_LOST",
        cannot(
            "find the home volume",
            "it was removed outside Chowder",
            "recover the instance to create a new one"),
        now);
  }

  private static InstanceEvent homeReplaced(Existing state, int other, Instant now) {
    var homes = state.profile().homes();
    // A recover removes the other volume and creates a new one.
    if (homes.isUnused(other, state.attempt())) return homeLost(state, now);
    return failed(
        state.attempt(),
        "SANDBOX_LOST",
        cannot(
            "find home volume " + homes.generation(),
            "the host has home volume " + other + " instead",
            "recover the instance to start with home volume " + other),
        now);
  }

  /**
   * Restarts a crashed gateway only a few times in a window, so that a gateway that always crashes
   * is not started forever.
   */
  private static Decision crashed(Running r, String reason, String message, Observed o) {
    int recent = recent(r.restarts().crashes(), o.policy(), o.now());
    return accept(
        recent < o.policy().restarts()
            ? new InstanceEvent.GatewayLost(r.attempt(), reason, message, true, o.now())
            : failed(
                r.attempt(),
                reason,
                message
                    + "; already restarted "
                    + recent
                    + " times in "
                    + o.policy().window().toSeconds()
                    + " s (limit "
                    + o.policy().restarts()
                    + ")",
                o.now()));
  }

  /**
   * Returns the number of restarts within the window. A restart later than now happened before the
   * clock was set back, so it does not count.
   */
  private static int recent(List<Instant> restarts, RestartPolicy policy, Instant now) {
    return (int)
        restarts.stream()
            .filter(at -> !at.isAfter(now) && !at.plus(policy.window()).isBefore(now))
            .count();
  }

  private static InstanceEvent.Failed failed(
      int attempt, String reason, String message, Instant now) {
    return new InstanceEvent.Failed(attempt, Optional.empty(), now, reason, message, now);
  }
}
