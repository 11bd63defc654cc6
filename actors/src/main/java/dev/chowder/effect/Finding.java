package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand.Sight;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Instant;
import java.util.Optional;

/**
 * What the difference between the journal and a sandbox's host is, for one sandbox. Pure: it
 * decides nothing, but says what would be given up or taken away.
 */
sealed interface Finding {
  /** The host is as the journal says: nobody need be told, and so a sweep wakes no instance. */
  record AsExpected() implements Finding {}

  /** The instance may be told: it loses nothing by it. */
  record Harmless(InstanceView view) implements Finding {}

  /** The journal says that it lives, and nothing of it is there: told, it is an error. */
  record Loss(InstanceView view) implements Finding {}

  /** The journal says that it ended, and something of it is there: told, that is removed. */
  record Leftover(InstanceView view) implements Finding {}

  /** It ended too short a time ago: a call that was under way then may still be. */
  record TooEarly() implements Finding {}

  /**
   * No journal knows it, or knows only of an earlier life than the one that is seen: a database
   * that was lost, or restored from before. It is somebody's agent until an operator says
   * otherwise.
   */
  record Unknown() implements Finding {}

  /**
   * Compares.
   *
   * @param endedBefore what ended later is left alone for now
   */
  static Finding of(Optional<InstanceView> journal, SandboxObservation seen, Instant endedBefore) {
    if (journal.isEmpty()) return new Unknown();
    var view = journal.get();
    boolean nothing = seen.equals(nothing(seen));
    // What is under way has its own deadlines.
    if (!view.status().settled()) return new AsExpected();
    return switch (view.status().now()) {
      case PROVISIONING -> new AsExpected();
      case RUNNING ->
          nothing ? new Loss(view) : runsThere(view, seen) ? new AsExpected() : new Harmless(view);
      case STOPPED ->
          nothing
              ? new Loss(view)
              : Sights.of(seen) instanceof Sight.Up ? new Harmless(view) : new AsExpected();
      case ERROR, TERMINATED -> {
        if (nothing || view.owes() || mayStay(view, seen)) yield new AsExpected();
        if (attempt(seen.mainProcess()) > view.attempt()) yield new Unknown();
        yield view.profile().updatedAt().isBefore(endedBefore)
            ? new Leftover(view)
            : new TooEarly();
      }
    };
  }

  private static boolean runsThere(InstanceView view, SandboxObservation seen) {
    return seen.mainProcess() instanceof MainProcess.Up(var attempt, var endpoint)
        && attempt == view.attempt()
        && view.endpoint().equals(Optional.of(endpoint.toString()));
  }

  /** The home of an agent that failed is kept until it is recovered or deleted. */
  private static boolean mayStay(InstanceView view, SandboxObservation seen) {
    return view.status().now() == Name.ERROR
        && view.ranBefore()
        && !(Sights.of(seen) instanceof Sight.Up);
  }

  private static SandboxObservation nothing(SandboxObservation seen) {
    return new SandboxObservation(seen.id(), false, new MainProcess.Missing());
  }

  private static int attempt(MainProcess process) {
    return switch (process) {
      case MainProcess.Missing() -> 0;
      case MainProcess.Up(var attempt, _) -> attempt;
      case MainProcess.Paused(var attempt) -> attempt;
      case MainProcess.Ended e -> e.attempt();
    };
  }
}
