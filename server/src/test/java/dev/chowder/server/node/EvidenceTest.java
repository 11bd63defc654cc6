package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEvent;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.TokenRotations;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.server.node.Evidence.Written;
import dev.chowder.storage.InstanceRow;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the check is there for is planted, one by one, and found. */
class EvidenceTest {
  private static final String ID = "0190a000-0000-7000-8000-00000000000a";
  private static final String OTHER = "0190a000-0000-7000-8000-00000000000b";
  private static final String ORGANIZATION = "0190a000-0000-7000-8000-000000000001";
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final SandboxEndpoint ENDPOINT = new SandboxEndpoint("127.0.0.1", 41000);

  private final Promises promises = new Promises();
  private final Map<String, List<Written>> journal = new HashMap<>();
  private final Map<String, InstanceRow> rows = new HashMap<>();
  private final Map<String, Integer> answered = new HashMap<>();
  private final Map<String, SandboxObservation> host = new HashMap<>();
  private final Map<String, Integer> watched = new HashMap<>();
  private int slots;

  /** One agent that runs, and everybody says so. */
  @BeforeEach
  void oneRuns() {
    promises.created(ID, "agent");
    promises.endsAs(ID, Name.RUNNING);
    write(new InstanceEvent.Created("key", profile(), NOW));
    for (var stage : Stage.OF_PROVISIONING) {
      write(
          new InstanceEvent.StageFinished(
              1,
              new StageRecord(stage, StageRecord.Outcome.EXECUTED, NOW, 10, ""),
              stage == Stage.PUBLISH ? Optional.of(ENDPOINT.toString()) : Optional.empty(),
              0,
              "",
              NOW));
    }
    everybodySays("running");
    slots = 1;
    host.put(ID, seen(ID, new MainProcess.Up(1, ENDPOINT)));
  }

  @Test
  void nothingIsFoundWhereEverybodySaysTheSame() {
    assertThat(problems()).isEmpty();
  }

  @Test
  void aCreateThatTheJournalDoesNotKnowIsALoss() {
    promises.created(OTHER, "other");
    assertThat(problems()).containsExactly("lost: " + OTHER);
  }

  @Test
  void aDeletionThatTheJournalDoesNotKnowIsALoss() {
    promises.deleted(ID);
    assertThat(problems()).containsExactly("deletion lost: " + ID);
  }

  @Test
  void anEventThatIsMissingIsFound() {
    events().remove(3);
    assertThat(problems()).anyMatch(problem -> problem.startsWith("journal: "));
  }

  @Test
  void anEventThatCannotFollowIsFound() {
    write(new InstanceEvent.Stopped(1, NOW));
    assertThat(problems()).anyMatch(problem -> problem.contains("cannot follow on Running"));
  }

  @Test
  void anInstanceThatNobodyAskedForIsADouble() {
    journal.put(OTHER, List.of(events().getFirst()));
    assertThat(problems()).contains("made, and nobody asked for it: " + OTHER);
  }

  @Test
  void aSlotThatNobodyHoldsIsALeak() {
    slots = 2;
    assertThat(problems()).containsExactly("slots: 2 taken (expected: 1)");
  }

  @Test
  void aSandboxThatNoInstanceHasIsAnOrphan() {
    host.put(OTHER, seen(OTHER, new MainProcess.Missing()));
    assertThat(problems()).singleElement().asString().startsWith("orphan: ").contains(OTHER);
  }

  @Test
  void aDeletedOnesSandboxIsAnOrphanAndWhatItOwesIsFound() {
    promises.deleted(ID);
    write(new InstanceEvent.Deleted("key", "request", NOW));
    rows.clear();
    watched.put(ID, events().size());
    assertThat(problems())
        .anyMatch(problem -> problem.startsWith("orphan: "))
        .anyMatch(problem -> problem.startsWith("owed still: "));
  }

  @Test
  void aDeletionThatNobodyAskedForIsFound() {
    write(new InstanceEvent.Deleted("key", "request", NOW));
    assertThat(problems()).contains("deleted, and nobody asked: " + ID);
  }

  @Test
  void aWatcherThatIsBehindIsFound() {
    watched.put(ID, 3);
    assertThat(problems()).containsExactly("watched: 3 of " + ID + " (expected: 8)");
  }

  @Test
  void aRowThatIsBehindOrGoneOrTooManyIsFound() {
    rows.put(ID, row(ID, 3, "provisioning"));
    assertThat(problems()).singleElement().asString().startsWith("listed as ");
    rows.clear();
    assertThat(problems()).containsExactly("not listed: " + ID);
    rows.put(ID, row(ID, 8, "running"));
    rows.put(OTHER, row(OTHER, 1, "running"));
    assertThat(problems()).containsExactly("listed, but not alive: " + OTHER);
  }

  @Test
  void anInstanceThatKnowsLessThanItsJournalIsFound() {
    answered.put(ID, 7);
    assertThat(problems()).containsExactly("answers: 7 of " + ID + " (expected: 8)");
  }

  @Test
  void oneThatSaysRunningAndDoesNotIsFound() {
    host.put(ID, seen(ID, new MainProcess.Ended(1, 137, false)));
    assertThat(problems()).singleElement().asString().contains("Ended", "beside Running");
    host.put(ID, seen(ID, new MainProcess.Up(2, ENDPOINT)));
    assertThat(problems()).singleElement().asString().contains("attempt=2", "beside Running");
  }

  @Test
  void anotherEndThanWhatWasPromisedIsFound() {
    promises.endsAs(ID, Name.STOPPED, Name.ERROR);
    assertThat(problems()).singleElement().asString().startsWith("ended as Running");
  }

  @Test
  void oneThatIsStillOnItsWayIsFound() {
    write(new InstanceEvent.StopRequested("key", NOW));
    everybodySays("running");
    assertThat(problems())
        .anyMatch(problem -> problem.startsWith("ended as Stopping"))
        .anyMatch(problem -> problem.startsWith("listed as "));
  }

  @Test
  void anotherNameThanTheLastOneIsFound() {
    promises.renamed(ID, "renamed");
    assertThat(problems()).containsExactly("name: agent of " + ID + " (expected: renamed)");
  }

  private List<String> problems() {
    return new Evidence(promises, journal, rows, answered, slots, host, watched).problems();
  }

  private List<Written> events() {
    return journal.computeIfAbsent(ID, _ -> new ArrayList<>());
  }

  private void write(InstanceEvent event) {
    events().add(new Written(events().size() + 1L, event));
  }

  private void everybodySays(String status) {
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
    return new Profile(
        ORGANIZATION,
        "agent",
        new ModelChoice("custom", "demo", "http://localhost:9092/v1", "openai-completions"),
        "sandbox",
        "v1",
        "local",
        Map.of(),
        0,
        0,
        TokenRotations.NONE,
        ConfigValues.NONE,
        Homes.FIRST,
        NOW,
        NOW,
        "request");
  }
}
