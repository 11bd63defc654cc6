package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Instant;
import java.util.Optional;

/**
 * What the difference between the journal and a sandbox's host is, for one sandbox. Pure: it
 * decides nothing, but says what would be given up or taken away.
 */
sealed interface Drift {
  /** The host is as the journal says: nobody need be told, and so a sweep wakes no instance. */
  record InSync() implements Drift {}

  /** The instance may be told: it loses nothing by it. */
  record Benign(InstanceView view) implements Drift {}

  /** The journal says that it lives, and nothing of it is there: told, it is an error. */
  record Lost(InstanceView view) implements Drift {}

  /** The journal says that it ended, and something of it is there: told, that is removed. */
  record Orphan(InstanceView view) implements Drift {}

  /** It ended too short a time ago: a call that was under way then may still be. */
  record TooRecent() implements Drift {}

  /**
   * No journal knows the sandbox, or only an earlier attempt than the observed one, because the
   * database was lost or restored from an older backup. It may be an agent, so it is kept until an
   * operator decides.
   */
  record Untracked() implements Drift {}

  /**
   * The home volume may hold an agent's data and is not the one that the instance had last: a lost
   * volume came back. It is kept until a recover starts with it.
   */
  record Reappeared(InstanceView view) implements Drift {}

  /**
   * Compares.
   *
   * @param endedBefore what ended later is left alone for now
   */
  static Drift of(Optional<InstanceView> journal, SandboxObservation seen, Instant endedBefore) {
    if (journal.isEmpty()) return new Untracked();
    var view = journal.get();
    // What is under way has its own deadlines.
    if (!view.status().isSteady()) return new InSync();
    var observed = ObservedStates.of(view, seen);
    boolean lost =
        observed instanceof ObservedState.Nothing || observed instanceof ObservedState.OtherHome;
    return switch (view.status().now()) {
      case PROVISIONING -> new InSync();
      case RUNNING ->
          lost ? new Lost(view) : runsThere(view, seen) ? new InSync() : new Benign(view);
      case STOPPED ->
          lost
              ? new Lost(view)
              : observed instanceof ObservedState.Up || observed instanceof ObservedState.LaterUp
                  ? new Benign(view)
                  : new InSync();
      case ERROR -> view.owes() ? new InSync() : failed(view, seen, observed, endedBefore);
      // A deleted instance keeps no home, whatever its generation and whatever attempt ran in
      // it.
      case TERMINATED ->
          view.owes() || observed instanceof ObservedState.Nothing
              ? new InSync()
              : orphan(view, endedBefore);
    };
  }

  /** Judges the sandbox of a failed instance that has no pending effect. */
  private static Drift failed(
      InstanceView view, SandboxObservation seen, ObservedState observed, Instant endedBefore) {
    var homes = view.profile().homes();
    boolean later = seen.attempt() > view.attempt();
    return switch (observed) {
      case ObservedState.Nothing() -> new InSync();
      case ObservedState.LaterUp _ -> new Untracked();
      case ObservedState.Up _ -> orphan(view, endedBefore);
      case ObservedState.OtherHome(var other, var runs) ->
          runs || (!homes.agentRan() && !later && homes.isUnused(other, view.attempt()))
              ? orphan(view, endedBefore)
              : new Reappeared(view);
      // The home of an agent that failed is kept until it is recovered or deleted.
      case ObservedState.HomeOnly(), ObservedState.Down _, ObservedState.DiskFull _ ->
          homes.agentRan() ? new InSync() : later ? new Untracked() : orphan(view, endedBefore);
    };
  }

  private static Drift orphan(InstanceView view, Instant endedBefore) {
    return view.profile().updatedAt().isBefore(endedBefore) ? new Orphan(view) : new TooRecent();
  }

  private static boolean runsThere(InstanceView view, SandboxObservation seen) {
    return seen.mainProcess() instanceof MainProcess.Up(var attempt, var endpoint)
        && attempt == view.attempt()
        && view.endpoint().equals(Optional.of(endpoint.toString()));
  }
}
