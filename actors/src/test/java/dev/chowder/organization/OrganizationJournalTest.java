package dev.chowder.organization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.SnapshotSerializer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
  void theRequestIdOfASignUpIsStored() throws Exception {
    var event = new OrganizationEvent.SignedUp("acme", Tier.SHRIMP, "request-1", Samples.T0);
    assertThat(HEX.formatHex(new OrganizationJournal().toJournal(event).toByteArray()))
        .isEqualTo(HEX.formatHex(golden("SignedUpRequest")));
    assertThat(
            OrganizationJournal.read(
                dev.chowder.journal.v1.OrganizationEvent.parseFrom(golden("SignedUpRequest"))))
        .isEqualTo(event);
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
    assertThat(((OrganizationState.Active) state).keys().versions())
        .isEqualTo(Map.of(ModelProvider.OPENAI, "0", ModelProvider.ANTHROPIC, "v1"));
  }

  @Test
  void statesSurviveASnapshot() throws Exception {
    var snapshots = new SnapshotSerializer();
    var states =
        new ArrayList<>(
            List.of(new OrganizationState.Absent(), Samples.active(), Samples.subscribed()));
    for (var event :
        List.of(
            new OrganizationEvent.Suspended(Samples.T1),
            new OrganizationEvent.DeletionRequested(Samples.T1),
            new OrganizationEvent.Deleted(Samples.T1))) {
      states.add(OrganizationLifecycle.evolve(Samples.active(), event));
    }
    assertThat(states).doesNotHaveDuplicates();
    for (var state : states) {
      assertThat(snapshots.fromBinary(snapshots.toBinary(state), snapshots.manifest(state)))
          .isEqualTo(state);
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
