package dev.chowder.organization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.journal.v1.OrganizationSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * Checks the stored format. The files under {@code journal/v1/organization} contain what earlier
 * versions wrote, in hexadecimal. Each new event type adds a file; existing files are never edited.
 */
class OrganizationJournalTest {
  private static final HexFormat HEX = HexFormat.of();

  @Test
  void everyEventTypeHasASample() {
    assertThat(Samples.events().stream().map(Object::getClass).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.asList(OrganizationEvent.class.getPermittedSubclasses()));
  }

  @Test
  void eventsOfEarlierVersionsAreRead() throws Exception {
    for (OrganizationEvent event : Samples.events()) {
      byte[] golden = golden(event.getClass().getSimpleName());
      assertThat(
              OrganizationJournal.read(dev.chowder.journal.v1.OrganizationEvent.parseFrom(golden)))
          .isEqualTo(event);
    }
  }

  @Test
  void eventsAreWrittenAsEarlierVersionsWroteThem() throws Exception {
    OrganizationJournal journal = new OrganizationJournal();
    for (OrganizationEvent event : Samples.events()) {
      assertThat(HEX.formatHex(journal.toJournal(event).toByteArray()))
          .as(event.getClass().getSimpleName())
          .isEqualTo(HEX.formatHex(golden(event.getClass().getSimpleName())));
    }
  }

  @Test
  void aSnapshotOfAnEarlierVersionIsRead() throws Exception {
    assertThat(HEX.formatHex(OrganizationSnapshots.write(Samples.active()).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("Snapshot")));
    assertThat(OrganizationSnapshots.read(OrganizationSnapshot.parseFrom(golden("Snapshot"))))
        .isEqualTo(Samples.active());
    assertThat(
            OrganizationSnapshots.read(OrganizationSnapshots.write(new OrganizationState.Absent())))
        .isEqualTo(new OrganizationState.Absent());
  }

  @Test
  void aSubscriptionSurvivesASnapshot() throws Exception {
    OrganizationState subscribed = Samples.subscribed();
    assertThat(HEX.formatHex(OrganizationSnapshots.write(subscribed).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("SnapshotSubscribed")));
    assertThat(
            OrganizationSnapshots.read(
                OrganizationSnapshot.parseFrom(golden("SnapshotSubscribed"))))
        .isEqualTo(subscribed);
  }

  @Test
  void theRequestIdOfASignUpIsStored() throws Exception {
    var event = new OrganizationEvent.SignedUp("acme", Tier.SHRIMP, "request-1", Samples.T0);
    assertThat(HEX.formatHex(new OrganizationJournal().toJournal(event).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("SignedUpRequest")));
    assertThat(
            OrganizationJournal.read(
                dev.chowder.journal.v1.OrganizationEvent.parseFrom(golden("SignedUpRequest"))))
        .isEqualTo(event);
    var state = OrganizationLifecycle.evolve(new OrganizationState.Absent(), event);
    assertThat(HEX.formatHex(OrganizationSnapshots.write(state).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("SnapshotRequest")));
    assertThat(
            OrganizationSnapshots.read(OrganizationSnapshot.parseFrom(golden("SnapshotRequest"))))
        .isEqualTo(state);
  }

  @Test
  void theVersionsOfKeysAreStored() throws Exception {
    var event =
        new OrganizationEvent.ProviderKeySet("key", ModelProvider.ANTHROPIC, "v1", Samples.T0);
    assertThat(HEX.formatHex(new OrganizationJournal().toJournal(event).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("ProviderKeySetVersion")));
    assertThat(
            OrganizationJournal.read(
                dev.chowder.journal.v1.OrganizationEvent.parseFrom(
                    golden("ProviderKeySetVersion"))))
        .isEqualTo(event);
    var state = OrganizationLifecycle.evolve(Samples.active(), event);
    assertThat(HEX.formatHex(OrganizationSnapshots.write(state).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("SnapshotKeyVersions")));
    assertThat(
            OrganizationSnapshots.read(
                OrganizationSnapshot.parseFrom(golden("SnapshotKeyVersions"))))
        .isEqualTo(state);
    assertThat(((OrganizationState.Active) state).keys().versions())
        .isEqualTo(Map.of(ModelProvider.OPENAI, "0", ModelProvider.ANTHROPIC, "v1"));
  }

  @Test
  void theStandingSurvivesASnapshot() {
    for (var event :
        List.of(
            new OrganizationEvent.Suspended(Samples.T1),
            new OrganizationEvent.DeletionRequested(Samples.T1),
            new OrganizationEvent.Deleted(Samples.T1))) {
      var state = OrganizationLifecycle.evolve(Samples.active(), event);
      assertThat(state).isNotEqualTo(Samples.active());
      assertThat(OrganizationSnapshots.read(OrganizationSnapshots.write(state))).isEqualTo(state);
    }
  }

  private static byte[] golden(String name) throws IOException {
    String file = "/journal/v1/organization/" + name + ".hex";
    try (InputStream in = OrganizationJournalTest.class.getResourceAsStream(file)) {
      assertThat(in).as(file).isNotNull();
      String text = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      return HEX.parseHex(text.lines().collect(Collectors.joining()).strip());
    }
  }
}
