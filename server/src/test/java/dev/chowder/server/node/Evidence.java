package dev.chowder.server.node;

import dev.chowder.instance.InstanceEvent;
import dev.chowder.instance.InstanceLifecycle;
import dev.chowder.instance.InstanceState;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Running;
import dev.chowder.instance.InstanceState.Stopped;
import dev.chowder.instance.InstanceStatus;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.storage.InstanceRow;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What every side says of one organization's instances, by their ids. Each has its own copy of the
 * truth; once nothing is going on any more, all must be the same.
 *
 * @param journal events, oldest first
 * @param rows what lists show
 * @param answered revisions, as instances themselves say
 * @param slots how many the organization counts as taken
 * @param host of the sandboxes, whosever they are
 * @param watched the newest revision that an open watch was told
 */
record Evidence(
    Promises promises,
    Map<String, List<Written>> journal,
    Map<String, InstanceRow> rows,
    Map<String, Integer> answered,
    int slots,
    Map<String, SandboxObservation> host,
    Map<String, Integer> watched) {

  private static final InstanceState ABSENT = new InstanceState.Absent();

  /** An event and its place among its instance's, from 1. */
  record Written(long sequenceNumber, InstanceEvent event) {}

  /** What does not fit together; empty: everything does. */
  List<String> problems() {
    var problems = new ArrayList<String>();
    var states = new HashMap<String, InstanceState>();
    journal.forEach((id, events) -> states.put(id, replay(id, events, problems)));
    for (var id : promises.created()) {
      if (!(states.get(id) instanceof Existing)) problems.add("lost: " + id);
    }
    for (var id : promises.deleted()) {
      if (!(states.get(id) instanceof Deleted)) problems.add("deletion lost: " + id);
    }
    states.forEach(
        (id, state) -> {
          if (state instanceof Existing born) check(id, born, problems);
        });
    long held = states.values().stream().filter(Evidence::holdsSlot).count();
    if (held != slots) problems.add("slots: " + slots + " taken (expected: " + held + ")");
    for (var id : rows.keySet()) {
      if (!isAlive(states.getOrDefault(id, ABSENT))) problems.add("listed, but not alive: " + id);
    }
    host.forEach(
        (id, seen) -> {
          if (!hasHome(states.getOrDefault(id, ABSENT)))
            problems.add("orphan: " + seen + " of " + states.get(id));
        });
    return problems;
  }

  private static InstanceState replay(String id, List<Written> events, List<String> problems) {
    InstanceState state = ABSENT;
    long expected = 0;
    for (var written : events) {
      expected++;
      if (written.sequenceNumber() != expected) {
        problems.add("journal: " + written + " of " + id + " (expected: number " + expected + ")");
        return state;
      }
      try {
        state = InstanceLifecycle.evolve(state, written.event());
      } catch (IllegalStateException why) {
        problems.add("journal: " + written + " of " + id + " cannot follow on " + state);
        return state;
      }
    }
    return state;
  }

  private void check(String id, Existing state, List<String> problems) {
    if (!promises.created().contains(id)) problems.add("made, and nobody asked for it: " + id);
    int revision = journal.getOrDefault(id, List.of()).size();
    if (!Objects.equals(watched.get(id), revision)) {
      problems.add("watched: " + watched.get(id) + " of " + id + " (expected: " + revision + ")");
    }
    if (state instanceof Deleted deleted) {
      if (!promises.deleted().contains(id)) problems.add("deleted, and nobody asked: " + id);
      if (deleted.slotHeld() || deleted.cleanupPending()) problems.add("owed still: " + state);
      return;
    }
    if (!Objects.equals(answered.get(id), revision)) {
      problems.add("answers: " + answered.get(id) + " of " + id + " (expected: " + revision + ")");
    }
    var row = rows.get(id);
    var status = statusOf(state);
    if (row == null) {
      problems.add("not listed: " + id);
    } else if (row.revision() != revision || !row.status().equals(status)) {
      problems.add("listed as " + row + " (expected: " + status + " at " + revision + ")");
    }
    var name = promises.names().get(id);
    if (name != null && !state.profile().name().equals(name)) {
      problems.add("name: " + state.profile().name() + " of " + id + " (expected: " + name + ")");
    }
    var ends = promises.ends().getOrDefault(id, Set.of());
    if (ends.stream().map(InstanceStatus.Name::label).noneMatch(status::equals)) {
      problems.add("ended as " + state + " (expected: one of " + ends + ")");
    }
    checkProcess(id, state, problems);
  }

  private void checkProcess(String id, Existing state, List<String> problems) {
    var seen = host.get(id);
    var process = seen == null ? new MainProcess.Missing() : seen.mainProcess();
    boolean fits =
        state instanceof Running running
            ? process instanceof MainProcess.Up up && up.attempt() == running.attempt()
            : process instanceof MainProcess.Missing || process instanceof MainProcess.Ended;
    if (!fits) problems.add(process + " of " + id + " beside " + state);
  }

  private static String statusOf(Existing state) {
    return switch (state) {
      case Running _ -> InstanceStatus.Name.RUNNING.label();
      case Stopped _ -> InstanceStatus.Name.STOPPED.label();
      case Errored e when !e.cleanupPending() && !e.slotHeld() -> InstanceStatus.Name.ERROR.label();
      default -> "on its way";
    };
  }

  private static boolean isAlive(InstanceState state) {
    return state instanceof Existing && !(state instanceof Deleted);
  }

  private static boolean hasHome(InstanceState state) {
    return isAlive(state) && !(state instanceof Errored e && !e.homeKept());
  }

  private static boolean holdsSlot(InstanceState state) {
    return switch (state) {
      case Errored e -> e.slotHeld();
      case Deleted d -> d.slotHeld();
      case InstanceState.Tombstone n -> n.slotHeld();
      case InstanceState.Absent() -> false;
      default -> true;
    };
  }
}
