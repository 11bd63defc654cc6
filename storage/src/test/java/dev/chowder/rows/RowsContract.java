package dev.chowder.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.storage.Database;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.ReadModelAudit;
import dev.chowder.storage.TestStorage;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests which entities a repair and a rebuild ask for their row, and the resulting table. The
 * subclass chooses the database. Entities are simulated: each that has a first event writes its
 * row.
 */
abstract class RowsContract {
  private static final Duration SETTLE = Duration.ofSeconds(60);
  private static final RowSettings SETTINGS = new RowSettings(10, SETTLE, 3, 2, 1_000_000);

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private OrganizationRows table;
  private RowKind kind;
  private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  private final Set<String> silent = Collections.synchronizedSet(new HashSet<>());
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private RowRepair repair;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    table = new OrganizationRows(database);
    kind = kind(this::storeView);
    repair = new RowRepair(kind, SETTINGS, () -> now);
  }

  private RowKind kind(Function<String, CompletionStage<Boolean>> storeView) {
    return new RowKind(
        "organizations", ReadModelAudit.ofOrganizations(database, "Organization"), storeView);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  private CompletionStage<Boolean> storeView(String id) {
    asked.add(id);
    if (silent.contains(id)) return CompletableFuture.failedFuture(new TimeoutException());
    int events = events(id);
    if (events > 0) table.upsert(row(id, events, "right"));
    return CompletableFuture.completedFuture(events > 0);
  }

  @Test
  void theFirstPassChecksAllRowsAndLaterPassesOnlyNewEvents() {
    var old = written(7);
    repair.check();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(old);
    asked.clear();
    later(SETTLE);
    repair.check();
    assertThat(asked).isEmpty();

    // The rows of the old entities are deleted again, which no later pass notices.
    old.forEach(kind.rows()::remove);
    var recent = written(5);
    later(SETTLE.minusMillis(1));
    repair.check();
    assertThat(asked).isEmpty();
    later(Duration.ofMillis(1));
    repair.check();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(recent);
    recent.forEach(id -> assertThat(table.get(id)).contains(row(id, 1, "right")));
    asked.clear();
    later(SETTLE);
    repair.check();
    assertThat(asked).isEmpty();
  }

  @Test
  void entitiesWithACurrentRowAreNotAsked() {
    repair.check();
    var ids = written(4);
    table.upsert(row(ids.get(1), 1, "current"));
    event(ids.get(2), 2);
    table.upsert(row(ids.get(2), 1, "old"));
    later(SETTLE);
    repair.check();
    assertThat(asked).containsExactlyInAnyOrder(ids.get(0), ids.get(2), ids.get(3));
    assertThat(table.get(ids.get(2))).contains(row(ids.get(2), 2, "right"));
  }

  @Test
  void aLostNodeCausesAFullPass() {
    var ids = written(2);
    repair.check();
    ids.forEach(kind.rows()::remove);
    asked.clear();
    repair.onNodeLost();
    repair.check();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(ids);
  }

  @Test
  void anEntityThatDoesNotReplyIsRetriedAndDelaysNoOther() {
    var ids = written(5);
    silent.add(ids.get(2));
    repair.check();
    assertThat(ids).filteredOn(id -> table.get(id).isEmpty()).containsExactly(ids.get(2));
    asked.clear();
    silent.clear();
    repair.checkAgain();
    assertThat(asked).containsExactly(ids.get(2));
    assertThat(table.get(ids.get(2))).isPresent();
  }

  @Test
  void rowsThatCannotBeRepairedDelayNoOthers() {
    silent.addAll(written(7));
    repair.check();
    asked.clear();
    var recent = written(3);
    later(SETTLE);
    repair.check();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(recent);

    // Two are asked at once, so each pass takes one timeout, and each entity is asked in turn.
    asked.clear();
    repair.checkAgain();
    assertThat(asked).hasSize(2);
    for (int n = 0; n < 3; n++) repair.checkAgain();
    assertThat(asked).hasSize(8).containsAll(silent);

    asked.clear();
    var old = List.copyOf(silent);
    silent.clear();
    repair.checkAgain();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(old);
    asked.clear();
    repair.checkAgain();
    assertThat(asked).isEmpty();
  }

  @Test
  void entitiesThatReplyAgainAreRepairedInOnePassDespiteSilentOnes() {
    var ids = written(8).stream().sorted().toList();
    silent.addAll(ids);
    repair.check();
    // Two are asked at once; one of each pair replies again.
    var broken = List.of(ids.get(0), ids.get(3), ids.get(4), ids.get(7));
    silent.retainAll(broken);
    asked.clear();
    repair.checkAgain();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(ids);
    assertThat(ids).filteredOn(id -> table.get(id).isEmpty()).isEqualTo(broken);

    asked.clear();
    repair.checkAgain();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(broken.subList(0, 2));
  }

  @Test
  void aFailedPassIsRepeatedFromItsStart() {
    repair.check();
    var ids = written(2);
    later(SETTLE);
    rename("organizations", "renamed");
    assertThatThrownBy(repair::check).isInstanceOf(RuntimeException.class);
    rename("renamed", "organizations");
    repair.check();
    assertThat(asked).containsExactlyInAnyOrderElementsOf(ids);
  }

  @Test
  void aRebuildCorrectsAllRowsAndRemovesRowsWithoutAnEntity() throws Exception {
    var ids = written(8);
    event(ids.get(3), 2);
    // Correct rows, damaged rows, a missing row, and a row with a revision from the future.
    table.upsert(row(ids.get(0), 1, "right"));
    table.upsert(row(ids.get(1), 1, "damaged"));
    table.upsert(row(ids.get(3), 99, "damaged"));
    table.upsert(row(ids.get(4), 1, "right"));
    var orphaned = List.of(Ids.next(), "no id at all");
    orphaned.forEach(id -> table.upsert(row(id, 1, "orphaned")));

    var done = new RowRebuild(SETTINGS).rebuild(kind);

    assertThat(done).isEqualTo(new RowRebuild.Done(8, 2, 0));
    for (var id : ids) {
      assertThat(table.get(id)).contains(row(id, id.equals(ids.get(3)) ? 2 : 1, "right"));
    }
    orphaned.forEach(id -> assertThat(table.get(id)).isEmpty());
    assertThat(asked).containsOnlyOnceElementsOf(ids).doesNotContain("no id at all");
  }

  @Test
  void aRebuildNeverRemovesARowBeforeItWritesIt() throws Exception {
    var ids = written(10);
    ids.forEach(id -> table.upsert(row(id, 1, "damaged")));
    var fewest = new AtomicInteger(Integer.MAX_VALUE);
    var watching =
        kind(
            id -> {
              int rows = table.list(100, Optional.empty()).size();
              fewest.accumulateAndGet(rows, Math::min);
              return storeView(id);
            });
    new RowRebuild(SETTINGS).rebuild(watching);
    assertThat(fewest).hasValue(10);
  }

  @Test
  void aRebuildCountsEntitiesThatDidNotReplyAndKeepsTheirRows() throws Exception {
    var ids = written(4);
    ids.forEach(id -> table.upsert(row(id, 1, "old")));
    silent.add(ids.get(1));
    assertThat(new RowRebuild(SETTINGS).rebuild(kind)).isEqualTo(new RowRebuild.Done(3, 0, 1));
    assertThat(table.get(ids.get(1))).contains(row(ids.get(1), 1, "old"));
  }

  @Test
  void aRebuildLimitsConcurrencyAndRate() throws Exception {
    var _ = written(9);
    var open = new AtomicInteger();
    var most = new AtomicInteger();
    var counting =
        kind(
            id -> {
              most.accumulateAndGet(open.incrementAndGet(), Math::max);
              return CompletableFuture.supplyAsync(
                      () -> id, CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS))
                  .thenApply(
                      _ -> {
                        open.decrementAndGet();
                        return true;
                      });
            });
    long began = System.nanoTime();
    var slow = new RowSettings(10, SETTLE, 3, 2, 10);
    assertThat(new RowRebuild(slow).rebuild(counting)).isEqualTo(new RowRebuild.Done(9, 0, 0));
    assertThat(most).hasValue(2);
    // Three full pages of three entities, each at least 0.3 s.
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(890));
  }

  private void later(Duration by) {
    now = now.plus(by);
  }

  /** Returns the ids of new entities with one event each. */
  private List<String> written(int count) {
    var ids = new ArrayList<String>();
    for (int n = 0; n < count; n++) {
      ids.add(Ids.next());
      event(ids.getLast(), 1);
    }
    return ids;
  }

  private void event(String id, int number) {
    database
        .jdbi()
        .useHandle(
            handle ->
                handle.execute(
                    "INSERT INTO \"event_journal\" (\"persistence_id\", \"sequence_number\","
                        + " \"writer\", \"write_timestamp\", \"adapter_manifest\","
                        + " \"event_ser_id\", \"event_ser_manifest\", \"event_payload\") VALUES"
                        + " (?, ?, '', ?, '', 2, '', ?)",
                    "Organization|" + id,
                    number,
                    now.toEpochMilli(),
                    new byte[1]));
  }

  private int events(String id) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery(
                        "SELECT COUNT(*) FROM \"event_journal\" WHERE \"persistence_id\" = :id")
                    .bind("id", "Organization|" + id)
                    .mapTo(Integer.class)
                    .one());
  }

  private void rename(String table, String name) {
    database
        .jdbi()
        .useHandle(handle -> handle.execute("ALTER TABLE " + table + " RENAME TO " + name));
  }

  private static OrganizationRow row(String id, int revision, String name) {
    return new OrganizationRow(id, revision, name, "crab", "active", 0, ByteString.EMPTY);
  }
}
