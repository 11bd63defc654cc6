package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.ObservationTable;
import dev.chowder.sandbox.SandboxObservation;
import java.time.Instant;
import java.util.Optional;

/**
 * Classifies the difference between the journal and the host for one sandbox, by the reaction of
 * its instance in the {@link ObservationTable}. Pure: decides nothing, but names what would be
 * declared lost or removed.
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
   * The journal has a running instance, and its sandbox is on another host than that of this node.
   * Reporting it to the instance sets the instance to {@code error}.
   */
  record Unreachable(InstanceView view) implements Drift {}

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
    boolean later = seen.attempt() > view.attempt();
    var reaction = ObservationTable.reaction(view, ObservedStates.of(view, seen), later);
    return of(view, reaction.consequence(), endedBefore);
  }

  /** Compares the journal with a sandbox on another host than that of this node. */
  static Drift of(InstanceView view, ObservedState.OtherHost elsewhere) {
    var reaction = ObservationTable.reaction(view, elsewhere, false);
    return of(view, reaction.consequence(), Instant.MIN);
  }

  private static Drift of(
      InstanceView view, ObservationTable.Consequence consequence, Instant endedBefore) {
    return switch (consequence) {
      case NONE -> new InSync();
      case HARMLESS -> new Benign(view);
      case LOSS -> new Lost(view);
      case UNREACHABLE -> new Unreachable(view);
      case REMOVAL -> orphan(view, endedBefore);
      case UNTRACKED -> new Untracked();
      case REAPPEARED -> new Reappeared(view);
    };
  }

  private static Drift orphan(InstanceView view, Instant endedBefore) {
    return view.profile().updatedAt().isBefore(endedBefore) ? new Orphan(view) : new TooRecent();
  }
}
