package dev.chowder.server.node;

import dev.chowder.instance.InstanceEvent;
import dev.chowder.instance.InstanceLifecycle;
import dev.chowder.instance.InstanceState;
import dev.chowder.instance.InstanceState.Deleted;
import dev.chowder.instance.InstanceState.Discarded;
import dev.chowder.instance.InstanceState.Errored;
import dev.chowder.instance.InstanceState.Existing;
import dev.chowder.instance.InstanceState.Member;
import dev.chowder.instance.InstanceState.Pooled;
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
 * The state of one organization's instances and pool members in each component, by instance id.
 * Once no operation is in progress, all components must agree.
 *
 * @param journal events, oldest first
 * @param rows read-model rows, as lists show them
 * @param answered revisions that the instances report
 * @param slots reserved slots according to the organization
 * @param host all sandboxes of the host
 * @param watched newest revision that an open watch received
 */
record ComponentStates(
    AcknowledgedChanges acknowledged,
    Map<String, List<Written>> journal,
    Map<String, InstanceRow> rows,
    Map<String, Integer> answered,
    int slots,
    Map<String, SandboxObservation> host,
    Map<String, Integer> watched) {

  private static final InstanceState ABSENT = new InstanceState.Absent();

  /** An event and its sequence number in its instance's journal, from 1. */
  record Written(long sequenceNumber, InstanceEvent event) {}

  /** Returns each contradiction; empty if there is none. */
  List<String> problems() {
    var problems = new ArrayList<String>();
    var states = new HashMap<String, InstanceState>();
    journal.forEach((id, events) -> states.put(id, replay(id, events, problems)));
    for (var id : acknowledged.created()) {
      if (!(states.get(id) instanceof Existing created) || created instanceof Member) {
        problems.add("lost: " + id);
      }
    }
    for (var id : acknowledged.deleted()) {
      if (!(states.get(id) instanceof Deleted)) problems.add("lost deletion: " + id);
    }
    states.forEach(
        (id, state) -> {
          if (state instanceof Member member) {
            checkMember(id, member, problems);
          } else if (state instanceof Existing existing) {
            check(id, existing, problems);
          }
        });
    long held = states.values().stream().filter(ComponentStates::holdsSlot).count();
    if (held != slots) problems.add("slots: must be " + held + "; got " + slots);
    for (var id : rows.keySet()) {
      if (!isAlive(states.getOrDefault(id, ABSENT)))
        problems.add("listed, but not existing: " + id);
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
        problems.add(
            "journal: next event of " + id + " must have number " + expected + "; got " + written);
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

  /** No caller sees a member, and it holds nothing after it was discarded. */
  private void checkMember(String id, Member member, List<String> problems) {
    if (answered.containsKey(id)) problems.add("a member answers: " + member);
    if (watched.containsKey(id)) problems.add("a member was watched: " + member);
    if (member instanceof Discarded d && (d.slotHeld() || d.cleanupPending())) {
      problems.add("pending effect: " + member);
    }
    if (member instanceof Pooled) checkProcess(id, member, problems);
  }

  private void check(String id, Existing state, List<String> problems) {
    if (!acknowledged.created().contains(id) && !acknowledged.adopt(id, state.profile().name())) {
      problems.add("created without a call: " + id);
    }
    int revision = journal.getOrDefault(id, List.of()).size();
    if (!Objects.equals(watched.get(id), revision)) {
      problems.add(
          "watched revision of " + id + ": must be " + revision + "; got " + watched.get(id));
    }
    if (state instanceof Deleted deleted) {
      if (!acknowledged.mayBeDeleted(id)) problems.add("deleted without a call: " + id);
      if (deleted.slotHeld() || deleted.cleanupPending()) problems.add("pending effect: " + state);
      return;
    }
    if (!Objects.equals(answered.get(id), revision)) {
      problems.add("revision of " + id + ": must be " + revision + "; got " + answered.get(id));
    }
    var row = rows.get(id);
    var status = statusOf(state);
    if (row == null) {
      problems.add("not listed: " + id);
    } else if (row.revision() != revision || !row.status().equals(status)) {
      problems.add("row: must be " + status + " at " + revision + "; got " + row);
    }
    var name = acknowledged.names().get(id);
    if (name != null && !state.profile().name().equals(name)) {
      problems.add("name of " + id + ": must be " + name + "; got " + state.profile().name());
    }
    var ends = acknowledged.ends().getOrDefault(id, Set.of());
    if (ends.stream().map(InstanceStatus.Name::label).noneMatch(status::equals)) {
      problems.add("state: must be one of " + ends + "; got " + state);
    }
    checkProcess(id, state, problems);
  }

  private void checkProcess(String id, Existing state, List<String> problems) {
    var seen = host.get(id);
    var process = seen == null ? new MainProcess.Missing() : seen.mainProcess();
    boolean fits =
        switch (state) {
          // A thawed process has the label of an earlier attempt.
          case Running running ->
              process instanceof MainProcess.Up up && up.attempt() <= running.attempt();
          case Pooled pooled ->
              process instanceof MainProcess.Up up && up.attempt() == pooled.attempt();
          case Stopped stopped when stopped.sleep().holdsProcesses() ->
              process instanceof MainProcess.Paused frozen
                  && frozen.attempt() == stopped.sleep().boot();
          default -> process instanceof MainProcess.Missing || process instanceof MainProcess.Ended;
        };
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
    return state instanceof Existing && !(state instanceof Deleted) && !(state instanceof Member);
  }

  private static boolean hasHome(InstanceState state) {
    return state instanceof Member
        ? !(state instanceof Discarded)
        : isAlive(state) && !(state instanceof Errored e && !e.homeKept());
  }

  private static boolean holdsSlot(InstanceState state) {
    return switch (state) {
      case Errored e -> e.slotHeld();
      case Deleted d -> d.slotHeld();
      case Discarded d -> d.slotHeld();
      case Member _ -> false;
      case InstanceState.Tombstone n -> n.slotHeld();
      case InstanceState.Absent() -> false;
      default -> true;
    };
  }
}
