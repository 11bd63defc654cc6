package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.api.v1.CreateKeyRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstanceEventsResponse;
import dev.chowder.api.v1.RevokeKeyRequest;
import dev.chowder.api.v1.RotateApiKeyRequest;
import dev.chowder.api.v1.Stage;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.simulator.FakeScript.Verb;
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

/** Tests the history that a node returns from its journal. */
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
  void aHistoryIsListedNewestFirstAlsoAfterTheDeletion() {
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
    // The acting key is named; events that Chowder causes itself have none.
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
  void aFailureIsListedWithItsStageAndReason() {
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
    assertThat(failed.getMessage()).startsWith("start_gateway");
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
  void creationAndRevocationOfKeysAreListedWithTheActingKey() throws Exception {
    var key = node.newcomer("shrimp");
    var wanted =
        CreateKeyRequest.newBuilder()
            .setName("lent")
            .addInstanceIds(node.createRunning(key))
            .addPermissions(Key.Permission.read);
    var made = node.keys(key).createKey(wanted.build());
    var _ = node.keys(key).revokeKey(RevokeKeyRequest.newBuilder().setKeyId(made.getId()).build());
    var rotated =
        node.organizations(key).rotateApiKey(RotateApiKeyRequest.newBuilder().setGrace(60).build());
    var ofKeys = ofKeys(key);
    assertThat(ofKeys)
        .extracting(Event::getType)
        .containsExactly("key_made", "key_revoked", "key_made");
    assertThat(ofKeys)
        .extracting(Event::getMessage)
        .containsExactly(rotated.getKeyId(), made.getId(), made.getId());
    var acting = all(key, "", 100).stream().filter(e -> e.getType().equals("created")).findFirst();
    assertThat(ofKeys)
        .extracting(Event::getKeyId)
        .containsOnly(acting.orElseThrow().getKeyId())
        .doesNotContain("");
    assertThat(all(key, "", 100).toString()).doesNotContain(made.getRawKey(), rotated.getApiKey());

    // An operator has no key. The call revokes all keys: the first one and the one that followed.
    var organization = request("organization_id", node.organizationId(key));
    var issued =
        new ObjectMapper().readTree(node.operator("CreateOrganizationKey", organization).body());
    var byOperator = ofKeys(issued.get("api_key").asText()).subList(0, 3);
    assertThat(byOperator)
        .extracting(Event::getType)
        .containsExactly("key_revoked", "key_revoked", "key_made");
    assertThat(byOperator).extracting(Event::getKeyId).containsOnly("");
  }

  private static List<Event> ofKeys(String key) {
    return all(key, "", 100).stream().filter(e -> e.getType().startsWith("key_")).toList();
  }

  @Test
  void theHistoryOfAnotherOrganizationIsNotFound() {
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
