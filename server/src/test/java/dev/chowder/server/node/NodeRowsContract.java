package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.base.Ids;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a node repairs wrong rows while it serves. Subclasses choose the database. */
abstract class NodeRowsContract {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Upper limit: if the rebuild were slower than this many creates, it would never end. */
  private static final int CREATES = 12;

  @TempDir Path home;

  /**
   * Returns the storage settings of a node with this home. The first call returns an empty
   * database.
   */
  abstract Map<String, Object> storage() throws Exception;

  /** Connects to the running node's database. */
  abstract Connection connect() throws SQLException;

  /** Drops what {@link #storage} created. */
  abstract void drop() throws SQLException;

  @AfterEach
  void end() throws SQLException {
    drop();
  }

  @Test
  void aRebuildRepairsDamagedMissingAndForeignRowsDuringCalls() throws Exception {
    // Small pages, so that calls come during the rebuild.
    var settings = new HashMap<>(storage());
    settings.putAll(
        Map.of(
            "chowder.reconciler.interval", "1h",
            "chowder.rows.max-batch-size", 2,
            "chowder.rows.rebuild-per-second", 10));
    String key;
    List<Instance> right;
    String gone;
    try (var node = Node.start(home, settings)) {
      key = node.newcomer("whale");
      for (int n = 0; n < 4; n++) {
        node.awaitStatus(key, createLabelled(node, key, n), Instance.Status.running);
      }
      gone = node.createRunning(key);
      delete(node, key, gone);
      right = list(node, key, "");
      assertThat(right).hasSize(4).extracting(Instance::getId).doesNotContain(gone);
    }
    // No instance is in memory before the first call.
    try (var node = Node.start(home, settings)) {
      var awake = node.newcomer("whale");
      var mine = createLabelled(node, awake, 0);
      node.awaitStatus(awake, mine, Instance.Status.running);
      var foreign = Ids.next();
      damage(right, gone, mine, foreign);
      assertThat(list(node, key, ""))
          .extracting(Instance::getId)
          .contains(foreign, gone)
          .doesNotContain(right.get(1).getId());
      assertThat(list(node, awake, "n=0")).isEmpty();
      assertThat(node.operator("ListOrganizations").body()).contains("damaged");

      JsonNode done;
      var rebuilding = new AtomicBoolean(true);
      var listed = new CountDownLatch(1);
      try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
        Future<Integer> created =
            callers.submit(() -> createAndList(node, awake, rebuilding, listed));
        try {
          assertThat(listed.await(Node.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
          var answer = node.operator("RebuildRows");
          assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
          done = JSON.readTree(answer.body());
        } finally {
          rebuilding.set(false);
        }
        assertThat(created.get()).isPositive();
      }

      assertThat(done.get("organizations").asInt()).isEqualTo(2);
      assertThat(done.get("instances").asInt()).isGreaterThanOrEqualTo(6);
      assertThat(done.get("removed").asInt()).isEqualTo(1);
      assertThat(done.get("unanswered").asInt()).isZero();
      assertThat(shown(list(node, key, ""))).isEqualTo(shown(right));
      assertThat(shown(list(node, key, "n=2"))).isEqualTo(shown(right).subList(1, 2));
      assertThat(list(node, awake, "n=0")).extracting(Instance::getId).containsExactly(mine);
      assertThat(node.operator("ListOrganizations").body())
          .doesNotContain("damaged")
          .contains("\"instance_count\":4");
    }
  }

  @Test
  void aRowThatCouldNotBeWrittenIsRepairedByAPassOfTheSameNode() throws Exception {
    var settings = new HashMap<>(storage());
    settings.putAll(Map.of("chowder.reconciler.interval", "200ms", "chowder.rows.min-age", "0s"));
    try (var node = Node.start(home, settings)) {
      var _ = node.newcomer("shrimp");
      var organization = organizations(node).get(0).get("id").asText();
      sql("ALTER TABLE organizations RENAME TO away");
      var answer =
          node.operator("SetTier", request("organization_id", organization, "tier", "crab"));
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      sql("ALTER TABLE away RENAME TO organizations");
      Node.await(
          () -> {
            var shown = organizations(node).get(0).get("subscription_tier").asText();
            return shown.equals("crab") ? "" : "still shown as " + shown;
          });
    }
  }

  @Test
  void aListIsPagedByThePositionsOfItsInstances() throws Exception {
    var settings = new HashMap<>(storage());
    settings.put("chowder.reconciler.interval", "1h");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("whale");
      var ids = new ArrayList<String>();
      for (int n = 0; n < 3; n++) {
        ids.add(createLabelled(node, key, n));
        node.awaitStatus(key, ids.getLast(), Instance.Status.running);
      }
      assertThat(list(node, key, "")).extracting(Instance::getId).isEqualTo(ids.reversed());
      // As if the oldest id was created last.
      for (var id : ids.reversed()) {
        sql("UPDATE instances SET position = '%s' WHERE id = '%s'".formatted(Ids.next(), id));
      }
      var listed = new ArrayList<String>();
      var token = "";
      do {
        var page =
            node.instances(key)
                .listInstances(
                    ListInstancesRequest.newBuilder().setPageSize(1).setPageToken(token).build());
        page.getInstancesList().forEach(instance -> listed.add(instance.getId()));
        token = page.getNextPageToken();
      } while (!token.isEmpty());
      assertThat(listed).isEqualTo(ids);
    }
  }

  /**
   * Damages the rows, newest first: changed, missing, of a future revision, and copied to another
   * organization.
   */
  private void damage(List<Instance> right, String gone, String awake, String foreign)
      throws SQLException {
    var copied = right.get(3).getId();
    sql(
        "UPDATE instances SET name = 'damaged', status = 'error', position = '', view ="
            + " (SELECT view FROM instances WHERE id = '%s') WHERE id = '%s'"
                .formatted(copied, right.get(0).getId()));
    sql("DELETE FROM instances WHERE id = '%s'".formatted(right.get(1).getId()));
    sql(
        "UPDATE instances SET revision = 999, view = %s WHERE id = '%s'"
            .formatted(replaced("view", "number", "damaged"), right.get(2).getId()));
    sql("UPDATE instances SET terminated_at = NULL WHERE id = '%s'".formatted(gone));
    sql("DELETE FROM instance_labels WHERE instance_id = '%s'".formatted(awake));
    sql(
        """
        INSERT INTO instances SELECT '%s', organization_id, revision, status, name, labels, created_at,
          updated_at, terminated_at, owes_since, holds_slot, %s, position FROM instances WHERE id = '%s'
        """
            .formatted(foreign, replaced("view", copied, foreign), copied));
    sql("UPDATE organizations SET view = " + replaced("view", "org", "damaged"));
  }

  /** Returns an SQL expression that replaces a text within a binary column. */
  abstract String replaced(String column, String text, String by);

  private void sql(String statement) throws SQLException {
    try (var connection = connect();
        var sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }

  /** Creates instances, and checks that each list contains all of them. Returns their number. */
  private static int createAndList(
      Node node, String key, AtomicBoolean goOn, CountDownLatch listed) {
    var ids = new ArrayList<String>();
    while (goOn.get()) {
      if (ids.size() < CREATES) ids.add(createLabelled(node, key, 1));
      assertThat(list(node, key, "n=1"))
          .extracting(Instance::getId)
          .containsExactlyElementsOf(ids.reversed());
      listed.countDown();
    }
    return ids.size();
  }

  private static String createLabelled(Node node, String key, int number) {
    return node.instances(key)
        .createInstance(
            CreateInstanceRequest.newBuilder()
                .setName("number " + number)
                .setModelProvider("custom")
                .putLabels("n", "" + number)
                .build())
        .getId();
  }

  private static void delete(Node node, String key, String id) {
    var _ =
        node.instances(key)
            .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private static List<Instance> list(Node node, String key, String label) {
    var request = ListInstancesRequest.newBuilder().setPageSize(100);
    if (!label.isEmpty()) request.setLabel(label);
    return node.instances(key).listInstances(request.build()).getInstancesList();
  }

  /** Returns the fields that a restart does not change. */
  private static List<String> shown(List<Instance> instances) {
    return instances.stream()
        .map(i -> i.getId() + " " + i.getName() + " " + i.getStatus() + " " + i.getLabelsMap())
        .toList();
  }

  private static JsonNode organizations(Node node) {
    var answer = node.operator("ListOrganizations");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    try {
      return JSON.readTree(answer.body()).get("organizations");
    } catch (IOException e) {
      throw new AssertionError(answer.body(), e);
    }
  }
}
