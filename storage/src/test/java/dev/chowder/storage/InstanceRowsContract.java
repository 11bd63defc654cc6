package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.base.Ids;
import dev.chowder.storage.InstanceRows.Write;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.Query;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests writes to the rows and the queries of lists and reconciliation passes. The subclass chooses
 * the database.
 */
abstract class InstanceRowsContract {
  private static final Instant T0 = Instant.parse("2026-10-25T00:30:00.123456Z");

  private static final String NEWEST = "ffffffff-ffff-ffff-ffff-ffffffffffff";

  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  InstanceRows rows;

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new InstanceRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void aRowIsReadBackUnchanged() {
    InstanceRow row =
        new InstanceRow(
            Ids.next(),
            Ids.next(),
            "o",
            7,
            "error",
            "naïve \"name\" 🐚",
            Map.of("team", "a=b", "x", ""),
            T0,
            T0.plusSeconds(1),
            Optional.empty(),
            Optional.of(T0.plusSeconds(2)),
            true,
            ByteString.copyFrom(new byte[] {0, -1, 5}));
    assertThat(rows.upsert(row)).isTrue();
    assertThat(rows.get(row.id())).contains(row);
    assertThat(rows.get("another")).isEmpty();
  }

  @Test
  void anOlderRevisionNeverOverwritesANewerOne() {
    InstanceRow newer = row(Ids.next(), "o", 5, "running", "n", Map.of("a", "new"));
    InstanceRow older = row(newer.id(), "o", 4, "provisioning", "n", Map.of("a", "old"));
    assertThat(rows.upsert(newer)).isTrue();
    assertThat(rows.upsert(older)).isFalse();
    assertThat(rows.get(newer.id())).contains(newer);
    assertThat(rows.list("o", label("a", "old"), 10, Optional.empty())).isEmpty();
    assertThat(rows.list("o", label("a", "new"), 10, Optional.empty())).hasSize(1);
  }

  @Test
  void concurrentWritersLeaveTheNewestRevision() throws Exception {
    String id = Ids.next();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Boolean>> writes = new ArrayList<>();
      for (int revision : IntStream.rangeClosed(1, 40).toArray()) {
        writes.add(() -> rows.upsert(row(id, "o", revision, "running", "n", Map.of())));
      }
      for (Future<Boolean> done : threads.invokeAll(writes)) done.get();
    }
    assertThat(rows.get(id).orElseThrow().revision()).isEqualTo(40);
  }

  @Test
  void eachRowOfAGroupFollowsTheRuleOfRevisions() {
    InstanceRow newer = row(Ids.next(), "o", 5, "running", "n", Map.of("a", "new"));
    rows.upsert(newer);
    InstanceRow older = row(newer.id(), "o", 4, "provisioning", "n", Map.of("a", "old"));
    InstanceRow labelled = row(Ids.next(), "o", 1, "running", "n", Map.of("b", "1"));
    InstanceRow relabelled = row(labelled.id(), "o", 2, "running", "n", Map.of("b", "2"));
    InstanceRow plain = row(Ids.next(), "o", 1, "running", "n", Map.of());
    rows.upsertAll(List.of(new Write(labelled, true), new Write(older, true)));
    rows.upsertAll(
        List.of(new Write(plain, true), new Write(relabelled, false), new Write(older, false)));
    assertThat(rows.get(newer.id())).contains(newer);
    assertThat(rows.get(relabelled.id())).contains(relabelled);
    assertThat(rows.get(plain.id())).contains(plain);
    assertThat(rows.list("o", label("a", "new"), 10, Optional.empty())).containsExactly(newer);
    assertThat(rows.list("o", label("a", "old"), 10, Optional.empty())).isEmpty();
    // Labels are not compared if the write states that they are unchanged.
    assertThat(rows.list("o", label("b", "1"), 10, Optional.empty())).containsExactly(relabelled);
  }

  @Test
  void concurrentGroupsOfTheSameRowsStoreTheNewestRevisions() throws Exception {
    List<String> ids = IntStream.range(0, 30).mapToObj(_ -> Ids.next()).toList();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Object>> groups = new ArrayList<>();
      for (int revision : IntStream.rangeClosed(1, 12).toArray()) {
        List<String> order = revision % 2 == 0 ? ids : ids.reversed();
        groups.add(
            Executors.callable(
                () ->
                    rows.upsertAll(
                        order.stream()
                            .map(
                                id ->
                                    new Write(
                                        row(id, "o", revision, "running", "n", Map.of()), true))
                            .toList())));
      }
      for (Future<Object> done : threads.invokeAll(groups)) done.get();
    }
    for (String id : ids) assertThat(rows.get(id).orElseThrow().revision()).isEqualTo(12);
  }

  @Test
  void pagesAreNewestFirstAndComplete() {
    List<String> ids = new ArrayList<>();
    for (int n = 0; n < 25; n++) {
      ids.addFirst(Ids.next());
      rows.upsert(row(ids.getFirst(), "o", 1, "running", "n" + n, Map.of()));
    }
    rows.upsert(row(Ids.next(), "another", 1, "running", "n", Map.of()));
    List<String> seen = new ArrayList<>();
    Optional<String> after = Optional.empty();
    List<InstanceRow> page;
    do {
      page = rows.list("o", InstanceFilter.ALL, 10, after);
      page.forEach(row -> seen.add(row.id()));
      after = page.isEmpty() ? after : Optional.of(page.getLast().position());
    } while (page.size() == 10);
    assertThat(seen).isEqualTo(ids);
  }

  @Test
  void pagesAreInTheOrderOfPositionsForEveryFilter() {
    var ids = IntStream.range(0, 25).mapToObj(_ -> Ids.next()).toList();
    for (int n = 0; n < 25; n++) {
      // The oldest id has the newest position.
      var row = row(ids.get(n), "o", 1, "running", "n" + n, Map.of("a", "1", "b", "2"));
      rows.upsert(at(ids.get(24 - n), row));
    }
    var filters =
        List.of(
            InstanceFilter.ALL,
            status("running"),
            prefix("n"),
            label("a", "1"),
            new InstanceFilter(
                Optional.of("running"), Map.of("a", "1", "b", "2"), Optional.of("n")));
    for (var filter : filters) {
      List<String> seen = new ArrayList<>();
      Optional<String> after = Optional.empty();
      List<InstanceRow> page;
      do {
        page = rows.list("o", filter, 10, after);
        page.forEach(row -> seen.add(row.id()));
        after = Optional.of(page.getLast().position());
      } while (page.size() == 10);
      assertThat(seen).as(filter.toString()).isEqualTo(ids);
    }
  }

  @Test
  void anInstanceWithoutAPositionIsNotListed() {
    var hidden = at("", row(Ids.next(), "o", 1, "running", "n", Map.of("a", "1")));
    var owing = at("", pendingBefore(T0));
    List.of(hidden, owing).forEach(rows::upsert);
    assertThat(names(InstanceFilter.ALL)).isEmpty();
    assertThat(names(status("running"))).isEmpty();
    assertThat(names(label("a", "1"))).isEmpty();
    assertThat(names(prefix("n"))).isEmpty();
    assertThat(rows.countLive("o", Set.of(hidden.id()))).isZero();
    assertThat(rows.countByStatus()).containsEntry("running", 1);

    assertThat(rows.get(hidden.id())).contains(hidden);
    var live = new ArrayList<InstanceRow>();
    rows.forEachLive(1, live::add);
    assertThat(live).containsExactly(hidden, owing);
    assertThat(rows.pendingBefore(T0, 10)).containsExactly(owing);
    assertThat(rows.pending().instances()).isEqualTo(1);
  }

  @Test
  void aPositionThatIsSetOrChangedListsTheInstanceWithItsLabels() {
    var other = row(Ids.next(), "o", 1, "running", "other", Map.of("a", "1"));
    var hidden = at("", row(Ids.next(), "o", 1, "running", "n", Map.of("a", "1")));
    List.of(other, hidden).forEach(rows::upsert);
    var listed = at(Ids.next(), hidden);
    rows.upsert(listed);
    assertThat(rows.list("o", label("a", "1"), 10, Optional.empty()))
        .containsExactly(listed, other);
    var oldest = at("00" + listed.position().substring(2), listed);
    rows.upsertAll(List.of(new Write(other, false), new Write(oldest, true)));
    for (var filter : List.of(InstanceFilter.ALL, label("a", "1"))) {
      assertThat(rows.list("o", filter, 10, Optional.empty())).containsExactly(other, oldest);
      assertThat(rows.list("o", filter, 10, Optional.of(other.position()))).containsExactly(oldest);
    }
    assertThat(rows.countByStatus()).isEqualTo(Map.of("running", 2));
    assertThat(rows.countLive("o", Set.of(oldest.id()))).isEqualTo(1);
  }

  @Test
  void unlistedInstancesOfAStatusAreReturnedOldestFirst() {
    var first = at("", row(Ids.next(), "o", 1, "stopped", "n", Map.of()));
    var second = at("", row(Ids.next(), "o", 1, "stopped", "n", Map.of()));
    List.of(
            second,
            first,
            row(Ids.next(), "o", 1, "stopped", "listed", Map.of()),
            at("", row(Ids.next(), "o", 1, "running", "of another status", Map.of())),
            at("", row(Ids.next(), "another", 1, "stopped", "foreign", Map.of())),
            at("", terminated(row(Ids.next(), "o", 1, "stopped", "terminated", Map.of()))))
        .forEach(rows::upsert);
    assertThat(rows.unlisted("o", "stopped")).containsExactly(first, second);
    assertThat(rows.unlisted("o", "error")).isEmpty();
  }

  @Test
  void theNewestListedInstancesAreReturnedNewestFirst() {
    var before = row(Ids.next(), "o", 1, "running", "of an earlier id", Map.of());
    var first = row(Ids.next(), "o", 1, "running", "first", Map.of());
    var second = row(Ids.next(), "another", 1, "running", "second", Map.of());
    var third = terminated(row(Ids.next(), "o", 1, "running", "terminated", Map.of()));
    var unlisted = at("", row(Ids.next(), "o", 1, "running", "unlisted", Map.of()));
    List.of(before, third, first, second, unlisted).forEach(rows::upsert);
    assertThat(rows.newestSince(first.id(), 10)).containsExactly(third, second, first);
    assertThat(rows.newestSince(first.id(), 2)).containsExactly(third, second);
  }

  /** The version before lists had positions. */
  @Test
  void rowsOfVersion16KeepTheirOrderAfterTheMigration() {
    var ids = IntStream.range(0, 3).mapToObj(_ -> Ids.next()).toList();
    try (var older = storage(home.resolve("older"))) {
      migrateTo("16", older.settings());
      try (var connections =
          ConnectionPool.open("test", older.settings(), older.settings().tables())) {
        Jdbi.create(connections)
            .useHandle(handle -> ids.reversed().forEach(id -> insertOfVersion16(handle, id)));
      }
      Database.migrate(older.settings());
      try (var migrated = older.open()) {
        var migratedRows = new InstanceRows(migrated);
        for (var filter : List.of(InstanceFilter.ALL, status("running"), label("team", "a"))) {
          assertThat(migratedRows.list("o", filter, 10, Optional.empty()))
              .extracting(InstanceRow::id)
              .isEqualTo(ids.reversed());
          assertThat(migratedRows.list("o", filter, 10, Optional.of(ids.get(1))))
              .extracting(InstanceRow::id)
              .containsExactly(ids.getFirst());
        }
        assertThat(migratedRows.countByStatus()).isEqualTo(Map.of("running", 3));
        assertThat(migratedRows.unlisted("o", "running")).isEmpty();
        // The first write of a node moves the row and its labels.
        var row = migratedRows.get(ids.getFirst()).orElseThrow();
        assertThat(row.position()).isEqualTo(row.id());
        migratedRows.upsert(at(NEWEST, row));
        assertThat(migratedRows.list("o", label("team", "a"), 1, Optional.empty()))
            .extracting(InstanceRow::id)
            .containsExactly(row.id());
      }
    }
  }

  private static void migrateTo(String version, StorageSettings settings) {
    try (var connections = ConnectionPool.openForLongWork("test", settings)) {
      Flyway.configure()
          .dataSource(connections)
          .locations(settings.dialect().migrations())
          .target(version)
          .load()
          .migrate();
    }
  }

  private static void insertOfVersion16(Handle handle, String id) {
    handle
        .createUpdate(
            "INSERT INTO instances (id, organization_id, revision, status, name, labels,"
                + " created_at, updated_at, holds_slot, view) VALUES (:id, 'o', 1, 'running',"
                + " 'n', :labels, :time, :time, TRUE, :view)")
        .bind("id", id)
        .bind("labels", "{\"team\":\"a\"}")
        .bind("time", SqlValues.time(T0))
        .bind("view", new byte[0])
        .execute();
    handle.execute(
        "INSERT INTO instance_labels (instance_id, label_key, label_value, organization_id)"
            + " VALUES (?, 'team', 'a', 'o')",
        id);
  }

  @Test
  void filtersAreCombinedAndPatternsAreLiteral() {
    InstanceRow percent = row(Ids.next(), "o", 1, "running", "50%_off\\x", Map.of("a", "1"));
    InstanceRow plain = row(Ids.next(), "o", 1, "stopped", "50 other", Map.of("a", "1", "b", "2"));
    rows.upsert(percent);
    rows.upsert(plain);
    assertThat(names(InstanceFilter.ALL)).containsExactly("50 other", "50%_off\\x");
    assertThat(names(prefix("50%"))).containsExactly("50%_off\\x");
    assertThat(names(prefix("50%_off\\"))).containsExactly("50%_off\\x");
    assertThat(names(prefix("50_"))).isEmpty();
    assertThat(names(label("a", "1"))).hasSize(2);
    assertThat(names(label("a", "2"))).isEmpty();
    assertThat(
            names(
                new InstanceFilter(
                    Optional.of("stopped"), Map.of("a", "1", "b", "2"), Optional.of("50"))))
        .containsExactly("50 other");
    assertThat(
            names(new InstanceFilter(Optional.of("running"), Map.of("b", "2"), Optional.empty())))
        .isEmpty();
  }

  @Test
  void aNamePrefixMayContainAnyCharacters() {
    var names =
        List.of("a\uD7FF", "a\uD7FFb", "a\uE000", "a\uFFFF", "a\uFFFFb", "a\uD83D\uDC1A", "b");
    names.forEach(name -> rows.upsert(row(Ids.next(), "o", 1, "running", name, Map.of())));
    assertThat(names(prefix("a"))).hasSize(6).doesNotContain("b");
    assertThat(names(prefix("a\uD7FF"))).containsExactly("a\uD7FFb", "a\uD7FF");
    assertThat(names(prefix("a\uFFFF"))).containsExactly("a\uFFFFb", "a\uFFFF");
    assertThat(names(prefix("a\uD83D\uDC1A"))).containsExactly("a\uD83D\uDC1A");
    assertThat(names(prefix("\uDBFF\uDFFF"))).isEmpty();
  }

  @Test
  void onlyAnOrganizationsOwnLiveInstancesAreCounted() {
    var live = row(Ids.next(), "o", 1, "running", "n", Map.of());
    var terminated = terminated(row(Ids.next(), "o", 1, "running", "n", Map.of()));
    var foreign = row(Ids.next(), "another", 1, "running", "n", Map.of());
    List.of(live, terminated, foreign).forEach(rows::upsert);
    assertThat(rows.countLive("o", Set.of(live.id()))).isEqualTo(1);
    assertThat(rows.countLive("o", Set.of(live.id(), terminated.id(), foreign.id(), "none")))
        .isEqualTo(1);
    assertThat(rows.countLive("o", Set.of())).isZero();
  }

  @Test
  void aTerminatedInstanceIsKeptButNotListed() {
    InstanceRow live = row(Ids.next(), "o", 1, "running", "n", Map.of("a", "1"));
    rows.upsert(live);
    InstanceRow dead = terminated(live);
    rows.upsert(dead);
    assertThat(rows.list("o", InstanceFilter.ALL, 10, Optional.empty())).isEmpty();
    assertThat(rows.list("o", label("a", "1"), 10, Optional.empty())).isEmpty();
    assertThat(rows.countByStatus()).isEmpty();
    assertThat(rows.get(dead.id())).contains(dead);
    assertThat(rows.pendingBefore(T0, 10)).containsExactly(dead);
  }

  @Test
  void theLongestPendingEffectsAreReturnedFirst() {
    InstanceRow late = pendingBefore(T0.plusSeconds(5));
    InstanceRow early = pendingBefore(T0);
    InstanceRow notYet = pendingBefore(T0.plusSeconds(60));
    rows.upsert(row(Ids.next(), "o", 1, "running", "owes nothing", Map.of()));
    List.of(late, early, notYet).forEach(rows::upsert);
    assertThat(rows.pendingBefore(T0.plusSeconds(10), 10)).containsExactly(early, late);
    assertThat(rows.pendingBefore(T0.plusSeconds(10), 1)).containsExactly(early);
  }

  @Test
  void pendingEffectsArePagedLongestFirst() {
    var all = new ArrayList<InstanceRow>();
    // Several are pending since the same moment; the id decides their order.
    for (int n = 0; n < 7; n++) all.add(pendingBefore(T0.plusSeconds(n / 3)));
    rows.upsert(pendingBefore(T0.plusSeconds(60)));
    rows.upsert(row(Ids.next(), "o", 1, "running", "nothing pending", Map.of()));
    // These began before the clock was set back.
    for (int n = 0; n < 3; n++) all.add(pendingBefore(T0.plusSeconds(3600)));
    all.reversed().forEach(rows::upsert);
    var seen = new ArrayList<String>();
    var after = Optional.<InstanceRows.Pending>empty();
    while (true) {
      var page = rows.pending(T0.plusSeconds(70), Duration.ofSeconds(60), 2, after);
      page.forEach(one -> seen.add(one.id()));
      if (page.size() < 2) break;
      after = Optional.of(page.getLast());
    }
    assertThat(seen).containsExactlyElementsOf(all.stream().map(InstanceRow::id).toList());
  }

  @Test
  void instancesAreCountedByStatus() {
    rows.upsert(row(Ids.next(), "o", 1, "running", "n", Map.of()));
    rows.upsert(row(Ids.next(), "p", 1, "running", "n", Map.of()));
    rows.upsert(row(Ids.next(), "o", 1, "error", "n", Map.of()));
    assertThat(rows.countByStatus()).isEqualTo(Map.of("running", 2, "error", 1));
  }

  @Test
  void anOrganizationWithASlotMismatchIsFound() {
    OrganizationRows organizations = new OrganizationRows(database);
    organizations.upsert(organization("settled", 1));
    organizations.upsert(organization("leaks", 2));
    organizations.upsert(organization("empty", 0));
    organizations.upsert(organization("never-born", 1));
    rows.upsert(row(Ids.next(), "settled", 1, "running", "n", Map.of()));
    rows.upsert(row(Ids.next(), "leaks", 1, "running", "n", Map.of()));
    assertThat(
            organizations.withSlotMismatch(10, Optional.empty()).stream().map(OrganizationRow::id))
        .containsExactly("leaks", "never-born");
    assertThat(
            organizations.withSlotMismatch(1, Optional.of("leaks")).stream()
                .map(OrganizationRow::id))
        .containsExactly("never-born");
    assertThat(organizations.list(2, Optional.of("empty")).stream().map(OrganizationRow::id))
        .containsExactly("leaks", "never-born");
  }

  @Test
  void anOlderRevisionOfAnOrganizationNeverOverwritesANewerOne() {
    OrganizationRows organizations = new OrganizationRows(database);
    OrganizationRow newer = new OrganizationRow("o", 3, "n", "crab", "active", 2, ByteString.EMPTY);
    assertThat(organizations.upsert(newer)).isTrue();
    assertThat(
            organizations.upsert(
                new OrganizationRow("o", 2, "n", "shrimp", "active", 1, ByteString.EMPTY)))
        .isFalse();
    assertThat(organizations.get("o")).contains(newer);
  }

  private List<String> names(InstanceFilter filter) {
    return rows.list("o", filter, 10, Optional.empty()).stream().map(InstanceRow::name).toList();
  }

  /** Returns the plan for a page after the first. */
  String plan(InstanceFilter filter) {
    return plan(filter, Optional.of(NEWEST));
  }

  String planOfFirstPage(InstanceFilter filter) {
    return plan(filter, Optional.empty());
  }

  private String plan(InstanceFilter filter, Optional<String> after) {
    return plan(handle -> rows.listing(handle, "EXPLAIN ", "o", filter, 101, after));
  }

  String planOfUnlisted(String status) {
    return plan(handle -> InstanceRows.unlisted(handle, "EXPLAIN ", "o", status));
  }

  String planOfNewestSince() {
    return plan(handle -> InstanceRows.newestSince(handle, "EXPLAIN ", "f", 101));
  }

  private String plan(Function<Handle, Query> explained) {
    return database
        .jdbi()
        .withHandle(
            handle -> String.join("\n", explained.apply(handle).mapTo(String.class).list()));
  }

  static InstanceFilter status(String status) {
    return new InstanceFilter(Optional.of(status), Map.of(), Optional.empty());
  }

  static InstanceFilter prefix(String prefix) {
    return new InstanceFilter(Optional.empty(), Map.of(), Optional.of(prefix));
  }

  static InstanceFilter label(String key, String value) {
    return new InstanceFilter(Optional.empty(), Map.of(key, value), Optional.empty());
  }

  private static OrganizationRow organization(String id, int slots) {
    return new OrganizationRow(id, 1, "n", "crab", "active", slots, ByteString.EMPTY);
  }

  private static InstanceRow pendingBefore(Instant since) {
    var id = Ids.next();
    return new InstanceRow(
        id,
        id,
        "o",
        1,
        "provisioning",
        "n",
        Map.of(),
        T0,
        T0,
        Optional.empty(),
        Optional.of(since),
        true,
        ByteString.EMPTY);
  }

  private static InstanceRow terminated(InstanceRow live) {
    return new InstanceRow(
        live.id(),
        live.position(),
        live.organizationId(),
        live.revision() + 1,
        "terminated",
        live.name(),
        live.labels(),
        T0,
        T0,
        Optional.of(T0),
        Optional.of(T0),
        false,
        ByteString.EMPTY);
  }

  /** Returns the next revision of the row, with this position. */
  private static InstanceRow at(String position, InstanceRow row) {
    return new InstanceRow(
        row.id(),
        position,
        row.organizationId(),
        row.revision() + 1,
        row.status(),
        row.name(),
        row.labels(),
        row.createdAt(),
        row.updatedAt(),
        row.terminatedAt(),
        row.owesSince(),
        row.holdsSlot(),
        row.view());
  }

  static InstanceRow row(
      String id,
      String organization,
      int revision,
      String status,
      String name,
      Map<String, String> labels) {
    return new InstanceRow(
        id,
        id,
        organization,
        revision,
        status,
        name,
        labels,
        T0,
        T0,
        Optional.empty(),
        Optional.empty(),
        true,
        ByteString.EMPTY);
  }
}
