package dev.chowder.server.node;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.RotateGatewayTokenRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.base.Ids;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.storage.Database;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A sandbox or instance that does not respond is in an unknown state. It must not delay the rest of
 * a reconciliation pass.
 */
class UnresponsiveSandboxTest {
  private static final int FLEET = 10_000;

  private static final Map<String, Object> QUICK = Map.of("chowder.reconciler.interval", "200ms");

  @TempDir Path home;

  @Test
  void anUnresponsiveSandboxDoesNotPreventOtherRepairs() throws IOException {
    try (var node = Node.start(home, QUICK)) {
      var key = node.newcomer("whale");
      var silent = node.createRunning(key);
      var killed = node.createRunning(key);
      int before = node.get(key, killed).getRevision();
      int observed = observed(node, killed);

      // Events alone cannot report it, because the engine does not respond when they arrive.
      node.script().unreachable().unresponsive(Node.sandbox(silent));
      node.host().lose(Node.sandbox(silent));
      node.host().kill(Node.sandbox(killed));
      Node.await(() -> observed(node, killed) > observed ? "" : "no event");
      node.script().reachable();

      Node.await(() -> node.get(key, killed).getRevision() > before ? "" : "not reported");
      node.awaitStatus(key, killed, Instance.Status.running);
      assertThat(node.get(key, silent).getStatus()).isEqualTo(Instance.Status.running);
      node.script().responsive(Node.sandbox(silent));
      assertThat(node.awaitStatus(key, silent, Instance.Status.error).getErrorReason())
          .isEqualTo("SANDBOX_LOST");
    }
  }

  /**
   * The remaining sandboxes of four deleted instances are listed, and only one of them can be
   * inspected.
   */
  @Test
  void unresponsiveOrphansCountForTheMassChangeGuard() throws IOException {
    var settings = new HashMap<>(QUICK);
    settings.put("chowder.reconciler.removal-delay", "300ms");
    var host = Node.host(home.resolve("sandboxes"));
    var ids = new ArrayList<String>();
    try (var node = Node.start(home, host, settings)) {
      var key = node.newcomer("whale");
      for (int n = 0; n < 4; n++) ids.add(node.createRunning(key));
      for (var id : ids) {
        var _ =
            node.instances(key)
                .deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
        Node.await(() -> host.observe(Node.sandbox(id)).homeExists() ? "not removed" : "");
      }
      // A deletion that is not finished would remove its new sandbox after the start of the node.
      Node.await(() -> node.slots(key) == 0 ? "" : "slots in use: " + node.slots(key));
    }
    for (var id : ids) host.create(new SandboxSpec(Node.sandbox(id), "org", "image", 1, RESOURCES));
    var clear = Node.sandbox(ids.removeLast());
    ids.forEach(id -> host.script().unresponsive(Node.sandbox(id)));

    try (var node = Node.start(home, host, settings)) {
      Node.await(() -> reconciler(node).contains("\"halted\":true") ? "" : "not halted");
      awaitPasses(node, 3);
      assertThat(host.observe(clear).homeExists()).as("removed while halted").isTrue();

      assertThat(node.operator("ReleaseReconciler").statusCode()).isEqualTo(200);
      Node.await(() -> host.observe(clear).homeExists() ? "not removed" : "");
      for (var id : ids) {
        host.script().responsive(Node.sandbox(id));
        Node.await(() -> host.observe(Node.sandbox(id)).homeExists() ? "not removed" : "");
      }
    }
  }

  private static String reconciler(Node node) {
    return node.operator("GetReconciler").body();
  }

  @Test
  void anUnresponsiveInstanceDoesNotDelaySlotsOfOtherOrganizations() throws IOException {
    String first;
    String second;
    String silent;
    String neverCreated;
    // Uses the default limits; those below are too short for a create on a busy machine.
    try (var node = Node.start(home, QUICK)) {
      first = node.newcomer("whale");
      second = node.newcomer("whale");
      assertThat(node.organizationId(first)).isLessThan(node.organizationId(second));
      silent = node.createRunning(first);
      neverCreated = node.createRunning(second);
      try (var database = node.openDatabase()) {
        // An unreadable event, and a crash between reserving a slot and creating its instance.
        execute(
            database,
            "UPDATE \"event_journal\" SET \"event_payload\" = X'00' WHERE \"persistence_id\" = ?",
            "Instance|" + silent);
        execute(database, "UPDATE instances SET holds_slot = FALSE WHERE id = ?", silent);
        execute(
            database,
            "DELETE FROM \"event_journal\" WHERE \"persistence_id\" = ?",
            "Instance|" + neverCreated);
        execute(database, "DELETE FROM instances WHERE id = ?", neverCreated);
      }
    }
    var settings = new HashMap<>(QUICK);
    settings.put("chowder.reconciler.min-unused-slot-age", "0s");
    settings.put("chowder.instance.ask-timeout", "1s");
    settings.put("chowder.instance.resend-interval", "300ms");
    try (var node = Node.start(home, settings)) {
      Node.await(() -> node.slots(second) == 0 ? "" : "slots: " + node.slots(second));
      assertThat(node.slots(first)).isEqualTo(1);
    }
  }

  @Test
  void pendingEffectsAreDispatchedWhileAListingHangs() throws Exception {
    var settings = new HashMap<>(QUICK);
    settings.put("chowder.reconciler.redispatch-interval", "200ms");
    // A rotation is attempted once, and stays pending until it is dispatched again.
    settings.put("chowder.effect.stop-timeout", "0s");
    try (var node = Node.start(home, settings)) {
      var key = node.newcomer("whale");
      var id = node.createRunning(key);
      var listing = node.script().holdNext(Verb.LIST);
      try {
        assertThat(listing.awaitCall(Node.LIMIT)).isTrue();
        node.script().failNext(Verb.WRITE_FILES, 1, Reason.ENGINE_UNREACHABLE, "docker: no answer");
        long written = calls(node, Verb.WRITE_FILES);
        assertThat(
                node.instances(key)
                    .rotateGatewayToken(
                        RotateGatewayTokenRequest.newBuilder().setInstanceId(id).build())
                    .getGatewayToken())
            .isNotEmpty();
        assertThat(calls(node, Verb.WRITE_FILES)).isGreaterThan(written + 1);
      } finally {
        listing.release();
      }
    }
  }

  @Test
  void aPassReadsEachRowOnceAndInspectsOnlyWhatChanged() throws IOException {
    var host = Node.host(home.resolve("sandboxes"));
    List<InstanceRows.Write> copies;
    // The copies have no processes.
    var withoutSleep =
        Map.<String, Object>of(
            "chowder.reconciler.interval", "1h", "chowder.effect.sleep.freeze", "false");
    try (var node = Node.start(home, host, withoutSleep);
        var database = node.openDatabase()) {
      var key = node.newcomer("whale");
      var one = node.createRunning(key);
      var _ =
          node.instances(key)
              .stopInstance(StopInstanceRequest.newBuilder().setInstanceId(one).build());
      copies = copies(database, one);
      for (int n = 0; n < FLEET; n += 500) {
        new InstanceRows(database).upsertAll(copies.subList(n, n + 500));
      }
      for (var copy : copies)
        host.create(new SandboxSpec(sandbox(copy), "org", "image", 1, RESOURCES));
    }

    try (var node = Node.start(home, host, Map.of("chowder.reconciler.interval", "1s"));
        var database = node.openDatabase()) {
      awaitPasses(node, 1);
      long before = calls(node, Verb.LIST);
      database.jdbi().useHandle(handle -> handle.execute("SET QUERY_STATISTICS TRUE"));
      int begun = host.script().calls().size();
      long after = calls(node, Verb.LIST);
      awaitPasses(node, 3);
      long least = calls(node, Verb.LIST) - after;
      long read = rowsRead(database);
      long most = calls(node, Verb.LIST) - before;
      // One pass may have been in progress at the start, and another at the end.
      assertThat(read)
          .as("rows read in %d to %d passes", least, most)
          .isBetween((least - 1) * FLEET, (most + 1) * (FLEET + 1));
      assertThat(observedSince(node, begun)).as("inspected").isEmpty();

      var changed = copies.stream().limit(3).map(UnresponsiveSandboxTest::sandbox).toList();
      int changedAt = host.script().calls().size();
      changed.forEach(host::lose);
      awaitPasses(node, 2);
      assertThat(observedSince(node, changedAt)).containsAll(changed).isSubsetOf(changed);
    }
  }

  private static SandboxId sandbox(InstanceRows.Write copy) {
    return Node.sandbox(copy.row().id());
  }

  /** Returns rows of stopped instances, copied from one of them. */
  private static List<InstanceRows.Write> copies(Database database, String of) {
    var row = new InstanceRows(database).get(of).orElseThrow();
    var copies = new ArrayList<InstanceRows.Write>();
    for (int n = 0; n < FLEET; n++) {
      var id = Ids.next();
      var view = row.view().toString(StandardCharsets.UTF_8).replace(of, id);
      copies.add(
          new InstanceRows.Write(
              new InstanceRow(
                  id,
                  id,
                  row.organizationId(),
                  row.revision(),
                  row.status(),
                  row.name(),
                  row.labels(),
                  row.createdAt(),
                  row.updatedAt(),
                  Optional.empty(),
                  Optional.empty(),
                  false,
                  ByteString.copyFromUtf8(view)),
              false));
    }
    return copies;
  }

  private static long rowsRead(Database database) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery(
                        "SELECT COALESCE(SUM(CUMULATIVE_ROW_COUNT), 0) FROM"
                            + " INFORMATION_SCHEMA.QUERY_STATISTICS WHERE SQL_STATEMENT LIKE"
                            + " 'SELECT * FROM instances WHERE%'")
                    .mapTo(Long.class)
                    .one());
  }

  private static void execute(Database database, String sql, String id) {
    database.jdbi().useHandle(handle -> assertThat(handle.execute(sql, id)).isPositive());
  }

  private static void awaitPasses(Node node, int passes) {
    long before = calls(node, Verb.LIST);
    Node.await(() -> calls(node, Verb.LIST) >= before + passes ? "" : "no pass");
  }

  private static long calls(Node node, Verb verb) {
    return node.script().calls().stream().filter(call -> call.verb() == verb).count();
  }

  private static int observed(Node node, String id) {
    return (int)
        observedSince(node, 0).stream().filter(one -> one.equals(Node.sandbox(id))).count();
  }

  private static List<SandboxId> observedSince(Node node, int call) {
    return node.script().calls().stream()
        .skip(call)
        .filter(one -> one.verb() == Verb.OBSERVE)
        .flatMap(one -> one.id().stream())
        .toList();
  }
}
