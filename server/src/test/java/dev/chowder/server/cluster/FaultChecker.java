package dev.chowder.server.cluster;

import dev.chowder.server.cluster.FaultLedger.EndState;
import dev.chowder.server.cluster.FaultLedger.Facts;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Compares acknowledged changes with the final state: journal, rows, list, slots, sandboxes and the
 * last message of each watcher. Makes no calls itself.
 */
final class FaultChecker {
  private final FinalState finalState;
  private final List<String> findings = new ArrayList<>();
  private final Map<String, Phase> phases = new HashMap<>();

  /**
   * The final state.
   *
   * @param events journal events by instance, oldest first
   * @param rows read-model rows by instance, including terminated ones
   * @param listed instances as the API lists them
   * @param slots reserved slots according to the organization
   * @param sandboxes sandboxes of the host
   * @param seen each watcher's last message about each instance that it watches
   */
  record FinalState(
      Facts facts,
      Map<String, List<Event>> events,
      Map<String, Row> rows,
      List<Listed> listed,
      int slots,
      List<Sandbox> sandboxes,
      List<Seen> seen) {}

  /**
   * An event of the journal.
   *
   * @param number its position in the instance's history
   * @param last whether it completes the stages of a start, or is a recovery to a start
   */
  record Event(long number, String name, boolean last) {}

  record Row(String status, int revision, String name, boolean owes, boolean holdsSlot) {}

  record Listed(String id, String status) {}

  record Sandbox(String name, boolean runs) {}

  record Seen(String watcher, String instance, int revision, boolean terminated) {}

  /** The status that a history leads to, in the terms of {@code docs/LIFECYCLE.md}. */
  private enum Phase {
    ABSENT("", false),
    TOMBSTONE("", true),
    PROVISIONING("provisioning", false),
    RUNNING("running", true),
    STOPPING("running", false),
    RESTARTING("stopped", false),
    STOPPED("stopped", true),
    STARTING("stopped", false),
    ERRORED("error", true),
    DELETED("terminated", true);

    final String status;
    final boolean steady;

    Phase(String status, boolean steady) {
      this.status = status;
      this.steady = steady;
    }

    boolean exists() {
      return this != ABSENT && this != TOMBSTONE && this != DELETED;
    }

    /** Returns the next phase; null if no valid history continues with this event. */
    @Nullable Phase after(Event event) {
      return switch (event.name()) {
        case "CREATED" -> this == ABSENT ? PROVISIONING : null;
        case "BIRTH_FORBIDDEN" -> this == ABSENT ? TOMBSTONE : null;
        case "STAGE_FINISHED" ->
            this != PROVISIONING && this != STARTING ? null : event.last() ? RUNNING : this;
        case "STOP_REQUESTED" -> this == RUNNING || this == STOPPED ? STOPPING : null;
        case "RESTART_REQUESTED" -> this == RUNNING ? RESTARTING : null;
        case "STOPPED" -> this == STOPPING ? STOPPED : this == RESTARTING ? STARTING : null;
        case "START_REQUESTED" -> this == RUNNING || this == STOPPED ? STARTING : null;
        case "RECOVERED" -> this != ERRORED ? null : event.last() ? STARTING : PROVISIONING;
        case "FAILED" -> exists() && this != ERRORED ? ERRORED : null;
        case "DELETED" -> exists() ? DELETED : null;
        case "SLOT_RELEASED", "SLOT_FOUND", "SANDBOX_REMOVED", "LEFTOVER_FOUND" ->
            this == ERRORED || this == DELETED || this == TOMBSTONE ? this : null;
        case "SLEEP_REQUESTED", "SLEEP_REACHED" -> this == STOPPED ? this : null;
        case "CONFIG_APPLIED", "ENDPOINT_MOVED" -> this == RUNNING ? this : null;
        case "UPDATED" -> exists() ? this : null;
        default -> null;
      };
    }
  }

  private FaultChecker(FinalState finalState) {
    this.finalState = finalState;
  }

  /** Returns one sentence for each violation; empty if there is none. */
  static List<String> check(FinalState finalState) {
    var checker = new FaultChecker(finalState);
    checker.histories();
    checker.rows();
    checker.list();
    checker.acknowledgements();
    checker.doubles();
    checker.slots();
    checker.sandboxes();
    checker.watchers();
    return List.copyOf(checker.findings);
  }

  private void histories() {
    finalState
        .events()
        .forEach(
            (id, events) -> {
              var phase = Phase.ABSENT;
              for (int n = 0; n < events.size(); n++) {
                var event = events.get(n);
                expect(event.number() == n + 1, id, "event " + event.number() + " at " + (n + 1));
                var next = phase.after(event);
                expect(next != null, id, event.name() + " while " + phase);
                if (next != null) phase = next;
              }
              phases.put(id, phase);
              expect(phase.steady, id, "still " + phase);
            });
  }

  private void rows() {
    phases.forEach(
        (id, phase) -> {
          var row = finalState.rows().get(id);
          if (row == null) {
            expect(phase == Phase.TOMBSTONE, id, "no row of " + phase);
            return;
          }
          int newest = events(id).size();
          expect(row.revision() == newest, id, "row of " + row.revision() + ", not " + newest);
          expect(row.status().equals(phase.status), id, "row " + row.status() + " of " + phase);
          expect(!row.owes(), id, "has a pending effect");
          boolean needsSlot = phase.exists() && phase != Phase.ERRORED;
          expect(row.holdsSlot() == needsSlot, id, "holds a slot: " + row.holdsSlot());
        });
    for (var id : finalState.rows().keySet()) expect(phases.containsKey(id), id, "row, no journal");
  }

  private void list() {
    var shown = new HashSet<String>();
    for (var one : finalState.listed()) {
      expect(shown.add(one.id()), one.id(), "listed twice");
      var phase = phase(one.id());
      expect(phase.exists(), one.id(), "listed though " + phase);
      expect(one.status().equals(phase.status), one.id(), one.status() + " listed of " + phase);
    }
    phases.forEach((id, p) -> expect(!p.exists() || shown.contains(id), id, p + ", not listed"));
  }

  private void acknowledgements() {
    finalState
        .facts()
        .endStates()
        .forEach(
            (id, possible) -> {
              var phase = phase(id);
              expect(
                  endState(phase).filter(possible::contains).isPresent(),
                  id,
                  "must be one of " + possible + "; got " + phase);
            });
  }

  private static Optional<EndState> endState(Phase phase) {
    return switch (phase) {
      case RUNNING -> Optional.of(EndState.RUNNING);
      case STOPPED -> Optional.of(EndState.STOPPED);
      case DELETED -> Optional.of(EndState.GONE);
      case ABSENT, TOMBSTONE, PROVISIONING, STOPPING, RESTARTING, STARTING, ERRORED ->
          Optional.empty();
    };
  }

  /** Each creation uses its own name, so instances with the same name come from one creation. */
  private void doubles() {
    var facts = finalState.facts();
    var byName = new HashMap<String, String>();
    finalState
        .rows()
        .forEach(
            (id, row) -> {
              var other = byName.put(row.name(), id);
              expect(other == null, id, row.name() + " was created twice, also as " + other);
              boolean asked =
                  facts.endStates().containsKey(id) || facts.unanswered().contains(row.name());
              expect(asked, id, row.name() + " is there though its creation was answered");
            });
  }

  private void slots() {
    long wanted =
        phases.values().stream().filter(phase -> phase.exists() && phase != Phase.ERRORED).count();
    expect(finalState.slots() == wanted, "slots", finalState.slots() + " taken, not " + wanted);
  }

  private void sandboxes() {
    var byInstance = new HashMap<String, Sandbox>();
    for (var sandbox : finalState.sandboxes()) {
      var id = sandbox.name().replaceFirst("^sb-", "");
      expect(byInstance.put(id, sandbox) == null, id, "two sandboxes");
      expect(phase(id).exists(), id, "a sandbox though " + phase(id));
    }
    phases.forEach(
        (id, phase) -> {
          var sandbox = byInstance.get(id);
          if (phase == Phase.RUNNING) {
            expect(sandbox != null && sandbox.runs(), id, "RUNNING in " + sandbox);
          }
          if (phase == Phase.STOPPED) {
            expect(sandbox != null && !sandbox.runs(), id, "STOPPED in " + sandbox);
          }
        });
  }

  private void watchers() {
    for (var last : finalState.seen()) {
      var id = last.instance();
      if (phase(id) == Phase.DELETED) {
        expect(last.terminated(), id, last.watcher() + " does not know that it is DELETED");
      } else {
        int newest = events(id).size();
        expect(
            last.revision() == newest,
            id,
            last.watcher() + " is at " + last.revision() + ", not " + newest);
      }
    }
  }

  private Collection<Event> events(String id) {
    return finalState.events().getOrDefault(id, List.of());
  }

  private Phase phase(String id) {
    return phases.getOrDefault(id, Phase.ABSENT);
  }

  private void expect(boolean holds, String id, String otherwise) {
    if (!holds) findings.add(id + ": " + otherwise);
  }

  /** Returns a short text for failure messages. */
  static String brief(List<String> findings) {
    var first = findings.stream().limit(20).collect(Collectors.joining("\n"));
    return findings.size() + " findings, the first:\n" + first;
  }

  /** Returns the ids of the instances with findings, to find their log lines. */
  static Set<String> ids(List<String> findings) {
    return findings.stream()
        .map(finding -> finding.substring(0, finding.indexOf(':')))
        .collect(Collectors.toSet());
  }
}
