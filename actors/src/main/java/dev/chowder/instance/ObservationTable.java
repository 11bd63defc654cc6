package dev.chowder.instance;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceState.Ended;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.InProgress;
import dev.chowder.instance.InstanceState.Pooled;
import dev.chowder.instance.InstanceState.Restarting;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceState.Stopping;
import dev.chowder.instance.InstanceState.Waiting;
import java.util.Optional;

/**
 * Decides, for each recorded state of an instance and each observed state of its sandbox, how
 * Chowder reacts. A reconciliation pass reads the {@link Consequence} of a reaction to judge all
 * sandboxes together, and the instance turns the reaction into events. Pure. Does not know how many
 * sandboxes differ, nor when an instance ended.
 */
public final class ObservationTable {
  private ObservationTable() {}

  /** The recorded state of an instance, as far as a reaction depends on it. */
  enum Recorded {
    /** An effect runs that creates, starts or stops the gateway. It has its own deadline. */
    IN_PROGRESS,
    RUNNING,
    /** Stopped, without processes. */
    STOPPED,
    /** Stopped, with processes that a start can thaw. */
    ASLEEP,
    /** Asleep, and an effect deepens the sleep or ends it. It may thaw the gateway first. */
    DEEPENING,
    POOLED,
    /** Failed, and an agent ran in the home volume. */
    FAILED,
    /** Failed before an agent ran in the home volume. */
    FAILED_UNUSED,
    /** Failed, deleted or discarded, and an effect is pending. */
    CLEANING_UP,
    /** Deleted or discarded, and nothing is pending. */
    DELETED
  }

  /** The observed state of a sandbox, compared with the recorded attempt, address and volume. */
  enum Found {
    /** Neither a home volume nor a process. */
    NOTHING,
    /** A home volume without a process. */
    HOME_ONLY,
    /** The gateway runs at the recorded address. */
    UP,
    /** The gateway runs at another address. */
    UP_ELSEWHERE,
    /** The gateway ended by itself. */
    DOWN,
    /** The gateway ended with the engine or the host, or on SIGTERM. */
    DOWN_WITH_ENGINE,
    FROZEN,
    /** A later attempt than the recorded one runs. */
    LATER_UP,
    /** A gateway of a later attempt ended by itself. */
    LATER_DOWN,
    /** A gateway of a later attempt ended with the engine or the host, or on SIGTERM. */
    LATER_DOWN_WITH_ENGINE,
    /** A gateway of a later attempt is frozen. */
    LATER_FROZEN,
    /** Another home volume, in which a gateway runs. */
    OTHER_HOME_RUNS,
    /** Another home volume, in which no agent ever ran. */
    OTHER_HOME_UNUSED,
    /** Another home volume that may hold the data of an agent. */
    OTHER_HOME,
    /** The home volume exceeds its size limit. */
    DISK_FULL,
    /** The sandbox is on another host than that of the node, so that nothing of it is observed. */
    OTHER_HOST
  }

  /** The meaning of a reaction for the comparison of all sandboxes. */
  public enum Consequence {
    /** The instance need not know of the observation. */
    NONE,
    /** The instance reacts, and loses nothing. */
    HARMLESS,
    /** The instance is declared lost. */
    LOSS,
    /** The instance fails, and loses nothing: its sandbox is on another host. */
    UNREACHABLE,
    /** Something of the sandbox is removed. */
    REMOVAL,
    /** The sandbox is kept, because the journal is older than the host. */
    UNTRACKED,
    /** The home volume is kept, because it may hold data of this instance. */
    REAPPEARED
  }

  /** The reaction to an observation. The text is that of {@code docs/LIFECYCLE.md}. */
  public enum Reaction {
    NOTHING("", Consequence.NONE),
    RECORD_ADDRESS("record the address", Consequence.HARMLESS),
    RESTART_CRASHED("restart, if it did not crash too often", Consequence.HARMLESS),
    RESTART("restart", Consequence.HARMLESS),
    ADOPT("record the attempt", Consequence.HARMLESS),
    ADOPT_AND_STOP("record the attempt, then stop", Consequence.HARMLESS),
    STOP("stop", Consequence.HARMLESS),
    END("stop, without a sleep", Consequence.HARMLESS),
    RECORD_NO_SLEEP("record that no process is left", Consequence.HARMLESS),
    DISCARD("discard", Consequence.HARMLESS),
    FAIL_DISK_FULL("fail: `DISK_FULL`", Consequence.HARMLESS),
    FAIL_HOME_LOST("fail: `SANDBOX_LOST`", Consequence.LOSS),
    FAIL_HOME_REPLACED("fail: `SANDBOX_LOST`, another volume", Consequence.LOSS),
    FAIL_OTHER_HOST("fail: `ELSEWHERE`", Consequence.UNREACHABLE),
    REMOVE("remove", Consequence.REMOVAL),
    KEEP_UNTRACKED("quarantine: untracked", Consequence.UNTRACKED),
    KEEP_REAPPEARED("quarantine: reappeared", Consequence.REAPPEARED);

    private final String text;
    private final Consequence consequence;

    Reaction(String text, Consequence consequence) {
      this.text = text;
      this.consequence = consequence;
    }

    public Consequence consequence() {
      return consequence;
    }

    String text() {
      return text;
    }
  }

  /**
   * Returns the reaction for an instance, as a reconciliation pass knows it.
   *
   * @param later whether the observed process, running or not, is of a later attempt
   */
  public static Reaction reaction(InstanceView view, ObservedState observed, boolean later) {
    var found = found(observed, view.endpoint(), view.profile().homes(), view.attempt(), later);
    return reaction(recorded(view), found);
  }

  /**
   * Returns the reaction of the instance itself. A report does not name the attempt of a process
   * that does not run. The pass reports none of a later attempt if the reaction to it differs.
   */
  static Reaction reaction(Existing state, ObservedState observed) {
    var found = found(observed, endpoint(state), state.profile().homes(), state.attempt(), false);
    return reaction(recorded(state), found);
  }

  static Reaction reaction(Recorded recorded, Found found) {
    return switch (recorded) {
      case IN_PROGRESS, CLEANING_UP -> Reaction.NOTHING;
      case RUNNING -> running(found);
      case STOPPED -> stopped(found);
      case ASLEEP -> asleep(found);
      case DEEPENING ->
          found == Found.UP || found == Found.UP_ELSEWHERE ? Reaction.NOTHING : asleep(found);
      // A member is worth nothing without its gateway.
      case POOLED -> found == Found.UP ? Reaction.NOTHING : Reaction.DISCARD;
      case FAILED -> failed(found);
      case FAILED_UNUSED -> failedUnused(found);
      case DELETED -> deleted(found);
    };
  }

  /** A deleted instance keeps no home volume of any generation, whichever attempt ran in it. */
  private static Reaction deleted(Found found) {
    return switch (found) {
      case NOTHING, OTHER_HOST -> Reaction.NOTHING;
      case HOME_ONLY,
          UP,
          UP_ELSEWHERE,
          DOWN,
          DOWN_WITH_ENGINE,
          FROZEN,
          LATER_UP,
          LATER_DOWN,
          LATER_DOWN_WITH_ENGINE,
          LATER_FROZEN,
          OTHER_HOME_RUNS,
          OTHER_HOME_UNUSED,
          OTHER_HOME,
          DISK_FULL ->
          Reaction.REMOVE;
    };
  }

  private static Reaction running(Found found) {
    return switch (found) {
      case UP -> Reaction.NOTHING;
      case UP_ELSEWHERE -> Reaction.RECORD_ADDRESS;
      case HOME_ONLY, DOWN, FROZEN, LATER_DOWN, LATER_FROZEN -> Reaction.RESTART_CRASHED;
      case DOWN_WITH_ENGINE, LATER_DOWN_WITH_ENGINE -> Reaction.RESTART;
      case LATER_UP -> Reaction.ADOPT;
      case NOTHING -> Reaction.FAIL_HOME_LOST;
      case OTHER_HOME_RUNS, OTHER_HOME_UNUSED, OTHER_HOME -> Reaction.FAIL_HOME_REPLACED;
      case DISK_FULL -> Reaction.FAIL_DISK_FULL;
      case OTHER_HOST -> Reaction.FAIL_OTHER_HOST;
    };
  }

  private static Reaction stopped(Found found) {
    return switch (found) {
      case HOME_ONLY, DOWN, DOWN_WITH_ENGINE, LATER_DOWN, LATER_DOWN_WITH_ENGINE ->
          Reaction.NOTHING;
      case UP, UP_ELSEWHERE -> Reaction.STOP;
      // No event says that this process finished its work, so it is ended.
      case FROZEN -> Reaction.END;
      // A process of a later attempt is not this journal's: the database was restored.
      case LATER_FROZEN -> Reaction.NOTHING;
      case LATER_UP -> Reaction.ADOPT_AND_STOP;
      case NOTHING -> Reaction.FAIL_HOME_LOST;
      case OTHER_HOME_RUNS, OTHER_HOME_UNUSED, OTHER_HOME -> Reaction.FAIL_HOME_REPLACED;
      // A start fails, and a stopped instance stays stopped until then.
      case DISK_FULL, OTHER_HOST -> Reaction.NOTHING;
    };
  }

  private static Reaction asleep(Found found) {
    return switch (found) {
      case FROZEN, LATER_FROZEN -> Reaction.NOTHING;
      // A sleeping gateway ended with the host, the engine or for lack of memory. Nothing is lost,
      // because it had finished its work before it was frozen.
      // On another host, no process can be thawed.
      case HOME_ONLY, DOWN, DOWN_WITH_ENGINE, LATER_DOWN, LATER_DOWN_WITH_ENGINE, OTHER_HOST ->
          Reaction.RECORD_NO_SLEEP;
      case UP,
          UP_ELSEWHERE,
          LATER_UP,
          NOTHING,
          OTHER_HOME_RUNS,
          OTHER_HOME_UNUSED,
          OTHER_HOME,
          DISK_FULL ->
          stopped(found);
    };
  }

  /** The home volume of an agent that failed is kept until it is recovered or deleted. */
  private static Reaction failed(Found found) {
    return switch (found) {
      case NOTHING, HOME_ONLY, DOWN, DOWN_WITH_ENGINE, FROZEN -> Reaction.NOTHING;
      case DISK_FULL, OTHER_HOST -> Reaction.NOTHING;
      case LATER_DOWN, LATER_DOWN_WITH_ENGINE, LATER_FROZEN -> Reaction.NOTHING;
      case UP, UP_ELSEWHERE, OTHER_HOME_RUNS -> Reaction.REMOVE;
      // An agent runs in it, so it is stopped and kept, like a sandbox that no journal knows.
      case LATER_UP -> Reaction.KEEP_UNTRACKED;
      case OTHER_HOME_UNUSED, OTHER_HOME -> Reaction.KEEP_REAPPEARED;
    };
  }

  private static Reaction failedUnused(Found found) {
    return switch (found) {
      case NOTHING, DISK_FULL, OTHER_HOST -> Reaction.NOTHING;
      case HOME_ONLY, DOWN, DOWN_WITH_ENGINE, FROZEN, OTHER_HOME_UNUSED -> Reaction.REMOVE;
      case UP, UP_ELSEWHERE, OTHER_HOME_RUNS -> Reaction.REMOVE;
      case LATER_UP, LATER_DOWN, LATER_DOWN_WITH_ENGINE, LATER_FROZEN -> Reaction.KEEP_UNTRACKED;
      case OTHER_HOME -> Reaction.KEEP_REAPPEARED;
    };
  }

  static Recorded recorded(InstanceView view) {
    // A running effect has its own deadline.
    if (!view.status().isSteady()) return Recorded.IN_PROGRESS;
    return switch (view.status().now()) {
      case PROVISIONING, WARMING -> Recorded.IN_PROGRESS;
      case POOLED -> Recorded.POOLED;
      case RUNNING -> Recorded.RUNNING;
      case STOPPED -> stopped(view.sleep().orElse(Sleep.OFF), view.effectPending());
      case ERROR ->
          view.effectPending() ? Recorded.CLEANING_UP : failed(view.profile().homes().agentRan());
      case TERMINATED -> view.effectPending() ? Recorded.CLEANING_UP : Recorded.DELETED;
    };
  }

  static Recorded recorded(Existing state) {
    return switch (state) {
      case InProgress _ -> Recorded.IN_PROGRESS;
      case Stopping _, Restarting _, Waiting _ -> Recorded.IN_PROGRESS;
      case Running _ -> Recorded.RUNNING;
      case Pooled _ -> Recorded.POOLED;
      case Stopped s -> stopped(s.sleep(), s.pendingEffect() instanceof InstanceEffect.Deepen);
      case Errored e when !e.cleanupPending() -> failed(e.homeKept());
      case Ended e -> e.cleanupPending() ? Recorded.CLEANING_UP : Recorded.DELETED;
    };
  }

  private static Recorded stopped(Sleep sleep, boolean effectPending) {
    if (!sleep.holdsProcesses()) return Recorded.STOPPED;
    return effectPending ? Recorded.DEEPENING : Recorded.ASLEEP;
  }

  private static Recorded failed(boolean agentRan) {
    return agentRan ? Recorded.FAILED : Recorded.FAILED_UNUSED;
  }

  private static Optional<String> endpoint(Existing state) {
    return switch (state) {
      case Running r -> Optional.of(r.endpoint());
      case Pooled p -> Optional.of(p.endpoint());
      case InProgress _, Stopping _, Restarting _, Waiting _, Stopped _, Ended _ ->
          Optional.empty();
    };
  }

  private static Found found(
      ObservedState observed, Optional<String> endpoint, Homes homes, int attempt, boolean later) {
    return switch (observed) {
      case ObservedState.Nothing() -> Found.NOTHING;
      case ObservedState.HomeOnly() -> Found.HOME_ONLY;
      case ObservedState.Up(var address) ->
          endpoint.equals(Optional.of(address)) ? Found.UP : Found.UP_ELSEWHERE;
      case ObservedState.Down(_, _, var byItself) ->
          byItself
              ? later ? Found.LATER_DOWN : Found.DOWN
              : later ? Found.LATER_DOWN_WITH_ENGINE : Found.DOWN_WITH_ENGINE;
      case ObservedState.Frozen() -> later ? Found.LATER_FROZEN : Found.FROZEN;
      case ObservedState.DiskFull _ -> Found.DISK_FULL;
      case ObservedState.OtherHome(_, var runs) when runs -> Found.OTHER_HOME_RUNS;
      case ObservedState.OtherHome(var other, _) ->
          !later && homes.isUnused(other, attempt) ? Found.OTHER_HOME_UNUSED : Found.OTHER_HOME;
      case ObservedState.LaterUp _ -> Found.LATER_UP;
      case ObservedState.OtherHost _ -> Found.OTHER_HOST;
    };
  }
}
