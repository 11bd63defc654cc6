package dev.chowder.instance;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.instance.Decision.accept;

import dev.chowder.instance.InstanceCommand.Observed;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceCommand.RestartPolicy;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Running;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Turns the reaction of the {@link ObservationTable} to the observed state of a sandbox into
 * events. Pure; a part of the rules of {@link InstanceLifecycle}.
 */
final class ObservationRules {
  /** Reasons of failed starts, restarts and stops that the gateway did not cause. */
  private static final Set<String> ENGINE_LOSSES =
      Set.of("ENGINE_UNREACHABLE", "ENGINE_RESTARTED", "GATEWAY_STOPPED");

  private ObservationRules() {}

  static Decision decide(InstanceState state, Observed o) {
    if (!(state instanceof Existing s) || s.attempt() != o.attempt()) return accept();
    return switch (ObservationTable.reaction(s, o.observed())) {
      case NOTHING, KEEP_UNTRACKED, KEEP_REAPPEARED -> accept();
      case RECORD_ADDRESS ->
          accept(
              new InstanceEvent.EndpointMoved(
                  s.attempt(), as(ObservedState.Up.class, o).endpoint(), o.now()));
      case RESTART_CRASHED -> crashed((Running) s, o);
      case RESTART -> {
        var down = as(ObservedState.Down.class, o);
        yield accept(
            new InstanceEvent.GatewayLost(
                s.attempt(), down.reason(), down.message(), false, o.now()));
      }
      case ADOPT -> accept(found(as(ObservedState.LaterUp.class, o), o.now()));
      case ADOPT_AND_STOP ->
          accept(
              List.of(
                  found(as(ObservedState.LaterUp.class, o), o.now()),
                  new InstanceEvent.StopRequested("", false, o.now())));
      case STOP -> accept(new InstanceEvent.StopRequested("", false, o.now()));
      case END -> accept(new InstanceEvent.StopRequested("", true, o.now()));
      case RECORD_NO_SLEEP ->
          accept(
              new InstanceEvent.SleepReached(
                  s.attempt(), SleepLevel.OFF, SleepMemory.NONE, o.now()));
      case DISCARD -> MemberRules.discard(s, false, "", o.now());
      case FAIL_DISK_FULL ->
          accept(
              failed(
                  s.attempt(),
                  "DISK_FULL",
                  as(ObservedState.DiskFull.class, o).message(),
                  o.now()));
      case FAIL_HOME_LOST -> accept(homeLost(s, o.now()));
      case FAIL_HOME_REPLACED ->
          accept(homeReplaced(s, as(ObservedState.OtherHome.class, o).generation(), o.now()));
      case FAIL_OTHER_HOST ->
          accept(
              failed(
                  s.attempt(),
                  "ELSEWHERE",
                  as(ObservedState.OtherHost.class, o).message(),
                  o.now()));
      case REMOVE -> accept(new InstanceEvent.LeftoverFound(o.now()));
    };
  }

  /** Returns the observed state of the type that the table requires for a reaction. */
  private static <T extends ObservedState> T as(Class<T> type, Observed o) {
    return type.cast(o.observed());
  }

  /** Returns whether the engine or the host caused a failure with this reason. */
  static boolean isEngineLoss(String reason) {
    return ENGINE_LOSSES.contains(reason);
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
  private static Decision crashed(Running r, Observed o) {
    var crash = crash(o.observed());
    int recent = recent(r.restarts().crashes(), o.policy(), o.now());
    return accept(
        recent < o.policy().restarts()
            ? new InstanceEvent.GatewayLost(
                r.attempt(), crash.reason(), crash.message(), true, o.now())
            : failed(
                r.attempt(),
                crash.reason(),
                crash.message()
                    + "; already restarted "
                    + recent
                    + " times in "
                    + o.policy().window().toSeconds()
                    + " s (limit "
                    + o.policy().restarts()
                    + ")",
                o.now()));
  }

  private static Crash crash(ObservedState observed) {
    return switch (observed) {
      case ObservedState.Down(var reason, var message, _) -> new Crash(reason, message);
      case ObservedState.Frozen() ->
          new Crash("GATEWAY_FROZEN", "gateway: it was frozen by something other than Chowder");
      case ObservedState.HomeOnly() ->
          new Crash("CONTAINER_REMOVED", "gateway: its container was removed outside Chowder");
      case ObservedState.Nothing(),
          ObservedState.Up _,
          ObservedState.DiskFull _,
          ObservedState.OtherHome _,
          ObservedState.OtherHost _,
          ObservedState.LaterUp _ ->
          throw new IllegalStateException("not the end of a process: " + observed);
    };
  }

  /** Why a gateway ended by itself. */
  private record Crash(String reason, String message) {}

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
