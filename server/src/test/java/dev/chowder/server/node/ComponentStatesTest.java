package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.instance.InstanceEvent;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.PoolSetup;
import dev.chowder.instance.Profile;
import dev.chowder.instance.SleepLevel;
import dev.chowder.instance.SleepMemory;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.server.instance.InstanceViews;
import dev.chowder.server.node.ComponentStates.Written;
import dev.chowder.storage.InstanceRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Adds each detectable contradiction to a consistent state. */
class ComponentStatesTest {
  private static final String ID = "0190a000-0000-7000-8000-00000000000a";
  private static final String OTHER = "0190a000-0000-7000-8000-00000000000b";
  private static final String ORGANIZATION = "0190a000-0000-7000-8000-000000000001";
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final SandboxEndpoint ENDPOINT = new SandboxEndpoint("127.0.0.1", 41000);

  private final AcknowledgedChanges acknowledged = new AcknowledgedChanges();
  private final Map<String, List<Written>> journal = new HashMap<>();
  private final Map<String, InstanceRow> rows = new HashMap<>();
  private final Map<String, Integer> answered = new HashMap<>();
  private final Map<String, SandboxObservation> host = new HashMap<>();
  private final Map<String, Integer> watched = new HashMap<>();
  private int slots;

  /** Starts with one running agent on which all components agree. */
  @BeforeEach
  void oneRuns() {
    acknowledged.created(ID, "agent");
    acknowledged.endsAs(ID, Name.RUNNING);
    write(new InstanceEvent.Created("key", profile(), NOW));
    for (var stage : Stage.OF_PROVISIONING) {
      write(
          new InstanceEvent.StageFinished(
              1,
              new StageRecord(stage, StageRecord.Outcome.EXECUTED, NOW, 10, ""),
              stage == Stage.PUBLISH ? Optional.of(ENDPOINT.toString()) : Optional.empty(),
              0,
              "",
              false,
              Optional.empty(),
              NOW));
    }
    allComponentsReport("running");
    slots = 1;
    host.put(ID, seen(ID, new MainProcess.Up(1, ENDPOINT)));
  }

  @Test
  void aConsistentStateHasNoProblems() {
    assertThat(problems()).isEmpty();
  }

  @Test
  void aCreateWithoutAnEventIsFound() {
    acknowledged.created(OTHER, "other");
    assertThat(problems()).containsExactly("lost: " + OTHER);
  }

  @Test
  void aDeletionWithoutAnEventIsFound() {
    acknowledged.deleted(ID);
    assertThat(problems()).containsExactly("lost deletion: " + ID);
  }

  @Test
  void aMissingEventIsFound() {
    events().remove(3);
    assertThat(problems()).anyMatch(problem -> problem.startsWith("journal: "));
  }

  @Test
  void anImpossibleEventIsFound() {
    write(new InstanceEvent.Stopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, NOW));
    assertThat(problems()).anyMatch(problem -> problem.contains("cannot follow on Running"));
  }

  @Test
  void anInstanceWithoutACallIsFound() {
    journal.put(OTHER, List.of(events().getFirst()));
    assertThat(problems()).contains("created without a call: " + OTHER);
  }

  @Test
  void anUnusedSlotIsFound() {
    slots = 2;
    assertThat(problems()).containsExactly("slots: must be 1; got 2");
  }

  @Test
  void aSandboxWithoutAnInstanceIsFound() {
    host.put(OTHER, seen(OTHER, new MainProcess.Missing()));
    assertThat(problems()).singleElement().asString().startsWith("orphan: ").contains(OTHER);
  }

  @Test
  void aSandboxOfADeletedInstanceAndItsPendingEffectAreFound() {
    acknowledged.deleted(ID);
    write(new InstanceEvent.Deleted("key", "request", NOW));
    rows.clear();
    watched.put(ID, events().size());
    assertThat(problems())
        .anyMatch(problem -> problem.startsWith("orphan: "))
        .anyMatch(problem -> problem.startsWith("pending effect: "));
  }

  @Test
  void aDeletionWithoutACallIsFound() {
    write(new InstanceEvent.Deleted("key", "request", NOW));
    assertThat(problems()).contains("deleted without a call: " + ID);
  }

  @Test
  void aWatcherThatIsBehindIsFound() {
    watched.put(ID, 3);
    assertThat(problems()).containsExactly("watched revision of " + ID + ": must be 8; got 3");
  }

  @Test
  void aStaleOrMissingOrExtraRowIsFound() {
    rows.put(ID, row(ID, 3, "provisioning"));
    assertThat(problems()).singleElement().asString().startsWith("row: ");
    rows.clear();
    assertThat(problems()).containsExactly("not listed: " + ID);
    rows.put(ID, row(ID, 8, "running"));
    rows.put(OTHER, row(OTHER, 1, "running"));
    assertThat(problems()).containsExactly("listed, but not existing: " + OTHER);
  }

  @Test
  void anInstanceThatIsBehindItsJournalIsFound() {
    answered.put(ID, 7);
    assertThat(problems()).containsExactly("revision of " + ID + ": must be 8; got 7");
  }

  @Test
  void aRunningInstanceWithoutAProcessIsFound() {
    host.put(ID, seen(ID, new MainProcess.Ended(1, 137, false)));
    assertThat(problems()).singleElement().asString().contains("Ended", "beside Running");
    host.put(ID, seen(ID, new MainProcess.Up(2, ENDPOINT)));
    assertThat(problems()).singleElement().asString().contains("attempt=2", "beside Running");
  }

  @Test
  void aFinalStateThatContradictsTheAcknowledgementIsFound() {
    acknowledged.endsAs(ID, Name.STOPPED, Name.ERROR);
    assertThat(problems()).singleElement().asString().startsWith("state: ").contains("got Running");
  }

  @Test
  void anOperationInProgressIsFound() {
    write(new InstanceEvent.StopRequested("key", false, NOW));
    allComponentsReport("running");
    assertThat(problems())
        .anyMatch(problem -> problem.contains("; got Stopping"))
        .anyMatch(problem -> problem.startsWith("row: "));
  }

  @Test
  void aStaleNameIsFound() {
    acknowledged.renamed(ID, "renamed");
    assertThat(problems()).containsExactly("name of " + ID + ": must be renamed; got agent");
  }

  @Test
  void aMemberThatNoCallerSeesIsNoProblem() {
    addMember();
    assertThat(problems()).isEmpty();
    writeMember(new InstanceEvent.Discarded(false, "", NOW));
    writeMember(new InstanceEvent.SandboxRemoved(NOW));
    host.remove(OTHER);
    assertThat(problems()).isEmpty();
  }

  @Test
  void aMemberThatIsShownOrAcknowledgedIsFound() {
    addMember();
    acknowledged.created(OTHER, "other");
    answered.put(OTHER, 1);
    watched.put(OTHER, 1);
    rows.put(OTHER, row(OTHER, 1, "warming"));
    slots = 2;
    assertThat(problems())
        .anyMatch(problem -> problem.equals("lost: " + OTHER))
        .anyMatch(problem -> problem.startsWith("a member answers: "))
        .anyMatch(problem -> problem.startsWith("a member was watched: "))
        .anyMatch(problem -> problem.equals("listed, but not existing: " + OTHER))
        .anyMatch(problem -> problem.equals("slots: must be 1; got 2"));
  }

  @Test
  void theSlotAndTheSandboxOfADiscardedMemberAreFound() {
    addMember();
    writeMember(new InstanceEvent.Discarded(true, "", NOW));
    slots = 2;
    assertThat(problems())
        .anyMatch(problem -> problem.startsWith("orphan: "))
        .anyMatch(problem -> problem.startsWith("pending effect: "))
        .noneMatch(problem -> problem.startsWith("slots: "));
  }

  @Test
  void aSecondClaimIsFound() {
    write(new InstanceEvent.Claimed("key", profile(), NOW));
    assertThat(problems()).anyMatch(problem -> problem.contains("cannot follow on Running"));
  }

  private void addMember() {
    writeMember(
        new InstanceEvent.MemberCreated(
            profile(), new PoolSetup(profile().model(), "", "image"), NOW));
    host.put(OTHER, seen(OTHER, new MainProcess.Missing()));
  }

  private void writeMember(InstanceEvent event) {
    var written = journal.computeIfAbsent(OTHER, _ -> new ArrayList<>());
    written.add(new Written(written.size() + 1L, event));
  }

  private List<String> problems() {
    return new ComponentStates(acknowledged, journal, rows, answered, slots, host, watched)
        .problems();
  }

  private List<Written> events() {
    return journal.computeIfAbsent(ID, _ -> new ArrayList<>());
  }

  private void write(InstanceEvent event) {
    events().add(new Written(events().size() + 1L, event));
  }

  private void allComponentsReport(String status) {
    int revision = events().size();
    rows.put(ID, row(ID, revision, status));
    answered.put(ID, revision);
    watched.put(ID, revision);
  }

  private static SandboxObservation seen(String id, MainProcess process) {
    return new SandboxObservation(SandboxId.ofInstance(id), Optional.of(1), process);
  }

  private static InstanceRow row(String id, int revision, String status) {
    return new InstanceRow(
        id,
        id,
        ORGANIZATION,
        revision,
        status,
        "agent",
        Map.of(),
        NOW,
        NOW,
        Optional.empty(),
        Optional.empty(),
        true,
        ByteString.EMPTY);
  }

  private static Profile profile() {
    return InstanceViews.profile(ORGANIZATION, "agent", Optional.empty(), NOW);
  }
}
