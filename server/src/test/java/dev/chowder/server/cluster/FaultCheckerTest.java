package dev.chowder.server.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.cluster.FaultChecker.Event;
import dev.chowder.server.cluster.FaultChecker.FinalState;
import dev.chowder.server.cluster.FaultChecker.Listed;
import dev.chowder.server.cluster.FaultChecker.Row;
import dev.chowder.server.cluster.FaultChecker.Sandbox;
import dev.chowder.server.cluster.FaultChecker.Seen;
import dev.chowder.server.cluster.FaultLedger.EndState;
import dev.chowder.server.cluster.FaultLedger.Facts;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Adds each detectable fault to a consistent state. */
class FaultCheckerTest {
  private final Map<String, Set<EndState>> endStates = new HashMap<>();
  private final Set<String> unanswered = new HashSet<>();
  private final Map<String, List<Event>> events = new HashMap<>();
  private final Map<String, Row> rows = new HashMap<>();
  private final List<Listed> listed = new ArrayList<>();
  private final List<Sandbox> sandboxes = new ArrayList<>();
  private final List<Seen> seen = new ArrayList<>();
  private int slots = 3;

  /** Two running instances, one stopped and one deleted. */
  FaultCheckerTest() {
    add("a", EndState.RUNNING, "running", "CREATED", "STAGE_FINISHED", "PUBLISHED");
    add("b", EndState.RUNNING, "running", "CREATED", "PUBLISHED", "UPDATED");
    add("c", EndState.STOPPED, "stopped", "CREATED", "PUBLISHED", "STOP_REQUESTED", "STOPPED");
    history("d", "CREATED", "PUBLISHED", "DELETED", "SLOT_RELEASED", "SANDBOX_REMOVED");
    endStates.put("d", Set.of(EndState.GONE));
    rows.put("d", new Row("terminated", 5, "d", false, false));
    seen.add(new Seen("w", "d", 3, true));
  }

  private void add(String id, EndState endState, String status, String... history) {
    history(id, history);
    endStates.put(id, Set.of(endState));
    rows.put(id, new Row(status, history.length, id, false, true));
    listed.add(new Listed(id, status));
    sandboxes.add(new Sandbox("sb-" + id, endState == EndState.RUNNING));
    seen.add(new Seen("w", id, history.length, false));
  }

  private void history(String id, String... names) {
    var history = new ArrayList<Event>();
    for (var name : names) {
      boolean last = name.equals("PUBLISHED");
      history.add(new Event(history.size() + 1, last ? "STAGE_FINISHED" : name, last));
    }
    events.put(id, history);
  }

  private List<String> check() {
    return FaultChecker.check(
        new FinalState(
            new Facts(endStates, unanswered), events, rows, listed, slots, sandboxes, seen));
  }

  @Test
  void aConsistentStateHasNoFindings() {
    assertThat(check()).isEmpty();
  }

  @Test
  void aMissingAcknowledgedInstanceIsFound() {
    endStates.put("e", Set.of(EndState.RUNNING));
    assertThat(check()).containsExactly("e: must be one of [RUNNING]; got ABSENT");
  }

  @Test
  void anUnlistedInstanceIsFound() {
    listed.removeFirst();
    assertThat(check()).containsExactly("a: RUNNING, not listed");
  }

  @Test
  void aLostAcknowledgedStopIsFound() {
    endStates.put("a", Set.of(EndState.STOPPED));
    assertThat(check()).containsExactly("a: must be one of [STOPPED]; got RUNNING");
  }

  @Test
  void aLostAcknowledgedDeletionIsFound() {
    endStates.put("a", Set.of(EndState.GONE));
    assertThat(check()).containsExactly("a: must be one of [GONE]; got RUNNING");
  }

  @Test
  void aCallWithoutAResponseMayOrMayNotHaveHadItsEffect() {
    endStates.put("a", Set.of(EndState.STOPPED, EndState.RUNNING));
    unanswered.add("never came");
    unanswered.add("b");
    endStates.remove("b");
    assertThat(check()).isEmpty();
  }

  @Test
  void aCreationOfTwoInstancesIsFound() {
    add("twin", EndState.RUNNING, "running", "CREATED", "PUBLISHED");
    rows.put("twin", new Row("running", 2, "a", false, true));
    slots = 4;
    assertThat(check()).singleElement().asString().contains("a was created twice");
  }

  @Test
  void anInstanceThatIsListedTwiceIsFound() {
    listed.add(new Listed("a", "running"));
    assertThat(check()).containsExactly("a: listed twice");
  }

  @Test
  void anUnusedSlotIsFound() {
    slots = 4;
    assertThat(check()).containsExactly("slots: 4 taken, not 3");
  }

  @Test
  void anUntrackedSandboxIsFound() {
    sandboxes.add(new Sandbox("sb-x", true));
    assertThat(check()).containsExactly("x: a sandbox though ABSENT");
  }

  @Test
  void aSandboxThatADeletionLeftBehindIsFound() {
    sandboxes.add(new Sandbox("sb-d", false));
    assertThat(check()).containsExactly("d: a sandbox though DELETED");
  }

  @Test
  void aProcessThatRunsAfterAStopAndAMissingOneAreFound() {
    sandboxes.remove(new Sandbox("sb-c", false));
    sandboxes.add(new Sandbox("sb-c", true));
    sandboxes.remove(new Sandbox("sb-a", true));
    assertThat(check())
        .containsExactlyInAnyOrder(
            "c: STOPPED in Sandbox[name=sb-c, runs=true]", "a: RUNNING in null");
  }

  @Test
  void aWatcherThatIsBehindIsFound() {
    seen.remove(new Seen("w", "a", 3, false));
    seen.add(new Seen("w", "a", 2, false));
    assertThat(check()).containsExactly("a: w is at 2, not 3");
  }

  @Test
  void aWatcherThatMissedAnInstanceIsFound() {
    seen.remove(new Seen("w", "a", 3, false));
    seen.add(new Seen("w", "a", 0, false));
    assertThat(check()).containsExactly("a: w is at 0, not 3");
    assertThat(new Facts(endStates, unanswered).alive()).containsExactlyInAnyOrder("a", "b", "c");
  }

  @Test
  void aWatcherThatMissedADeletionIsFound() {
    seen.remove(new Seen("w", "d", 3, true));
    seen.add(new Seen("w", "d", 2, false));
    assertThat(check()).containsExactly("d: w does not know that it is DELETED");
  }

  @Test
  void anImpossibleHistoryIsFound() {
    history("a", "CREATED", "PUBLISHED", "STOPPED");
    assertThat(check()).containsExactly("a: STOPPED while RUNNING");
    history("a", "CREATED", "CREATED", "PUBLISHED");
    assertThat(check()).containsExactly("a: CREATED while PROVISIONING");
    history("a", "CREATED", "PUBLISHED", "SLEEP_REACHED");
    assertThat(check()).containsExactly("a: SLEEP_REACHED while RUNNING");
  }

  @Test
  void aMissingEventInAHistoryIsFound() {
    events.put(
        "b",
        List.of(
            new Event(1, "CREATED", false),
            new Event(2, "STAGE_FINISHED", true),
            new Event(4, "UPDATED", false)));
    assertThat(check()).containsExactly("b: event 4 at 3");
  }

  @Test
  void anInstanceThatNeverBecomesSteadyIsFound() {
    history("a", "CREATED", "STAGE_FINISHED", "STAGE_FINISHED");
    rows.put("a", new Row("provisioning", 3, "a", true, true));
    listed.set(0, new Listed("a", "provisioning"));
    assertThat(check())
        .containsExactlyInAnyOrder(
            "a: still PROVISIONING",
            "a: has a pending effect",
            "a: must be one of [RUNNING]; got PROVISIONING");
  }

  @Test
  void aRowBehindTheJournalIsFound() {
    rows.put("c", new Row("running", 3, "c", false, true));
    assertThat(check())
        .containsExactlyInAnyOrder("c: row of 3, not 4", "c: row running of STOPPED");
  }

  @Test
  void anUnreportedErrorIsFound() {
    history("a", "CREATED", "STAGE_FINISHED", "FAILED");
    rows.put("a", new Row("error", 3, "a", false, false));
    listed.set(0, new Listed("a", "error"));
    sandboxes.removeFirst();
    slots = 2;
    assertThat(check()).containsExactly("a: must be one of [RUNNING]; got ERRORED");
  }
}
