package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Sleep;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Instant;
import java.util.Optional;

/**
 * Classifies the difference between the journal and the host for one sandbox. Pure: decides
 * nothing, but names what would be declared lost or removed.
 */
sealed interface Drift {
  /**
   * The host matches the journal. The instance gets no report, so a reconciliation pass activates
   * no entity for it.
   */
  record InSync() implements Drift {}

  /** The host differs, but the instance loses nothing if the observation is reported to it. */
  record Benign(InstanceView view) implements Drift {}

  /**
   * The journal has a running or stopped instance, and its home volume is not on the host.
   * Reporting it to the instance sets the instance to {@code error}.
   */
  record Lost(InstanceView view) implements Drift {}

  /**
   * The journal has a failed or deleted instance, and something of it is still on the host.
   * Reporting it to the instance removes it.
   */
  record Orphan(InstanceView view) implements Drift {}

  /** The instance ended only recently, so a call of that time may still be running. */
  record TooRecent() implements Drift {}

  /**
   * The journal does not know the sandbox, or knows only an earlier attempt than the observed one:
   * the database was lost or restored from an older backup. The sandbox may hold an agent, so it is
   * kept until an operator decides.
   */
  record Untracked() implements Drift {}

  /**
   * The home volume may hold an agent's data and is not the last one of the instance: a lost volume
   * came back. It is kept until a recover starts with it.
   */
  record Reappeared(InstanceView view) implements Drift {}

  /**
   * Compares the journal with an observation of one sandbox.
   *
   * @param journal the instance; empty if the journal does not know it
   * @param endedBefore latest end of an instance whose remains count as orphaned
   */
  static Drift of(Optional<InstanceView> journal, SandboxObservation seen, Instant endedBefore) {
    if (journal.isEmpty()) return new Untracked();
    var view = journal.get();
    // A running effect has its own deadline.
    if (!view.status().isSteady()) return new InSync();
    var observed = ObservedStates.of(view, seen);
    boolean lost =
        observed instanceof ObservedState.Nothing || observed instanceof ObservedState.OtherHome;
    return switch (view.status().now()) {
      case PROVISIONING, WARMING -> new InSync();
      // Without its sandbox, a pool member loses nothing.
      case POOLED -> runsThere(view, seen) ? new InSync() : new Benign(view);
      case RUNNING ->
          lost ? new Lost(view) : runsThere(view, seen) ? new InSync() : new Benign(view);
      case STOPPED ->
          lost
              ? new Lost(view)
              : sleepsAsRecorded(view, seen, observed) ? new InSync() : new Benign(view);
      case ERROR -> view.effectPending() ? new InSync() : failed(view, seen, observed, endedBefore);
      // A deleted instance keeps no home volume of any generation, whichever attempt ran in it.
      case TERMINATED ->
          view.effectPending() || observed instanceof ObservedState.Nothing
              ? new InSync()
              : orphan(view, endedBefore);
    };
  }

  /** Classifies the sandbox of a failed instance that has no pending effect. */
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
      // The home volume of an agent that failed is kept until it is recovered or deleted.
      case ObservedState.HomeOnly(),
          ObservedState.Down _,
          ObservedState.Frozen(),
          ObservedState.DiskFull _ ->
          homes.agentRan() ? new InSync() : later ? new Untracked() : orphan(view, endedBefore);
    };
  }

  private static Drift orphan(InstanceView view, Instant endedBefore) {
    return view.profile().updatedAt().isBefore(endedBefore) ? new Orphan(view) : new TooRecent();
  }

  /** Returns whether the processes of a stopped instance are as its sleep requires. */
  private static boolean sleepsAsRecorded(
      InstanceView view, SandboxObservation seen, ObservedState observed) {
    boolean sleeping = view.sleep().filter(Sleep::holdsProcesses).isPresent();
    return switch (observed) {
      // The effect that ends a sleeping gateway may thaw it first.
      case ObservedState.Up _ -> sleeping && view.effectPending();
      case ObservedState.HomeOnly(), ObservedState.Down _ -> !sleeping;
      // A process of a later attempt is not this journal's: the database was restored.
      case ObservedState.Frozen() -> sleeping || seen.attempt() > view.attempt();
      case ObservedState.DiskFull _ -> true;
      case ObservedState.LaterUp _, ObservedState.Nothing(), ObservedState.OtherHome _ -> false;
    };
  }

  /** Returns whether the gateway runs. A thawed one has the label of an earlier attempt. */
  private static boolean runsThere(InstanceView view, SandboxObservation seen) {
    return seen.mainProcess() instanceof MainProcess.Up(var attempt, var endpoint)
        && attempt <= view.attempt()
        && view.endpoint().equals(Optional.of(endpoint.toString()));
  }
}
