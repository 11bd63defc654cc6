package dev.chowder.server.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstanceEventsResponse;
import dev.chowder.api.v1.Stage;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.fake.FakeScript.Verb;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who did what, as the journal of a whole node tells it. */
class HistoryTest {
  @TempDir static Path home;
  private static Node node;

  @BeforeAll
  static void start() throws IOException {
    node = Node.start(home, Map.of("chowder.reconciler.interval", "1h"));
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  void aLifeIsToldFromItsEndToItsBeginningAlsoAfterItsDeletion() {
    var key = node.newcomer("shrimp");
    var id = node.createRunning(key);
    var _ =
        node.instances(key)
            .updateInstance(
                UpdateInstanceRequest.newBuilder().setInstanceId(id).setName("renamed").build());
    var _ =
        node.instances(key)
            .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
    Node.await(() -> types(key, id).contains("sandbox_removed") ? "" : "" + types(key, id));

    var events = all(key, id, 100);
    assertThat(types(key, id))
        .containsExactly(
            "sandbox_removed",
            "slot_released",
            "deleted",
            "stopped",
            "stop_requested",
            "updated",
            "stage_finished",
            "stage_finished",
            "stage_finished",
            "stage_finished",
            "stage_finished",
            "stage_finished",
            "stage_finished",
            "created");
    assertThat(events).allMatch(event -> event.getInstanceId().equals(id));
    // Whoever asked is named; what Chowder does by itself is nobody's.
    var acting = events.getLast().getKeyId();
    assertThat(acting).isNotEmpty();
    for (var event : events) {
      boolean asked =
          List.of("created", "updated", "stop_requested", "deleted").contains(event.getType());
      assertThat(event.getKeyId()).as(event.getType()).isEqualTo(asked ? acting : "");
    }
    assertThat(events.get(5).getMessage()).isEqualTo("name");
    assertThat(events.get(12).getStage().getName()).isEqualTo("create_sandbox");
    assertThat(events.get(12).getStage().getOutcome()).isEqualTo(Stage.Outcome.executed);
    assertThat(events)
        .isSortedAccordingTo((a, b) -> Integer.compare(b.getRevision(), a.getRevision()));
  }

  @Test
  void aFailureIsToldWithItsStageAndItsReason() {
    var key = node.newcomer("shrimp");
    node.script().failNext(Verb.START, 1, SandboxException.Reason.IMAGE_MISSING, "no such image");
    var id = node.create(key);
    Node.await(() -> types(key, id).contains("failed") ? "" : "" + types(key, id));
    var failed =
        all(key, id, 100).stream()
            .filter(e -> e.getType().equals("failed"))
            .findFirst()
            .orElseThrow();
    assertThat(failed.getReason()).isEqualTo("IMAGE_MISSING");
    assertThat(failed.getStage().getName()).isEqualTo("start_gateway");
    assertThat(failed.getStage().getOutcome()).isEqualTo(Stage.Outcome.failed);
    assertThat(failed.getMessage()).startsWith("start_gateway: ");
  }

  @Test
  void anOrganizationsHistoryHoldsItsOwnChangesAndAllItsInstancesInPages() {
    var key = node.newcomer("crab");
    var one = node.createRunning(key);
    var two = node.createRunning(key);
    var whole = all(key, "", 500);
    assertThat(whole).extracting(Event::getType).contains("signed_up", "endpoint_set", "tier_set");
    assertThat(whole).extracting(Event::getInstanceId).contains(one, two, "");
    assertThat(whole).extracting(Event::getType).doesNotContain("slot_reserved");
    assertThat(all(key, "", 3)).isEqualTo(whole);
    assertThat(whole.getLast().getType()).isEqualTo("signed_up");
  }

  @Test
  void anothersHistoryIsNotThere() {
    var mine = node.newcomer("shrimp");
    var theirs = node.newcomer("shrimp");
    var id = node.createRunning(theirs);
    assertThatThrownBy(() -> page(mine, id, 10, ""))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            why -> assertThat(why.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
    assertThat(all(mine, "", 100)).extracting(Event::getInstanceId).doesNotContain(id);
  }

  private static List<String> types(String key, String id) {
    return all(key, id, 100).stream().map(Event::getType).toList();
  }

  private static List<Event> all(String key, String id, int pageSize) {
    var events = new ArrayList<Event>();
    var token = "";
    do {
      var page = page(key, id, pageSize, token);
      assertThat(page.getEventsCount()).isLessThanOrEqualTo(pageSize);
      events.addAll(page.getEventsList());
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return events;
  }

  private static ListInstanceEventsResponse page(
      String key, String id, int pageSize, String token) {
    return node.instances(key)
        .listInstanceEvents(
            ListInstanceEventsRequest.newBuilder()
                .setInstanceId(id)
                .setPageSize(pageSize)
                .setPageToken(token)
                .build());
  }
}
