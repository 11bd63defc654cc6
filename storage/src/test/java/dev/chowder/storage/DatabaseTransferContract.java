package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.base.Await;
import dev.chowder.base.Ids;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests a backup and its restore. The subclass chooses the databases. */
abstract class DatabaseTransferContract {
  /** Far longer than a busy machine needs. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Instant T0 = Instant.parse("2026-10-25T00:30:00.123456Z");

  @TempDir Path home;
  private TestStorage source;
  private TestStorage target;
  private Path file;

  abstract TestStorage source(Path home);

  abstract TestStorage target(Path home);

  @BeforeEach
  void make() {
    source = source(home.resolve("source"));
    target = target(home.resolve("target"));
    file = home.resolve("backup.gz");
  }

  @AfterEach
  void drop() {
    source.close();
    target.close();
  }

  @Test
  void aBackupIsRestoredRowForRow() throws Exception {
    InstanceRow instance = instance("i1", "naïve \"name\" 🐚", Map.of("team", "a=b"));
    try (Database database = source.open()) {
      new InstanceRows(database).upsert(instance);
      new OrganizationRows(database).upsert(organization("o", 7));
      journal(database, "Instance|i1", 3);
      database.upsert(
          Upsert.into("secrets").key("owner", "o").key("name", "n").set("ciphertext", bytes()));
    }

    List<TableDigest> backedUp = DatabaseTransfer.backUp(source.settings(), file, _ -> {});
    List<TableDigest> restored = DatabaseTransfer.restore(file, target.settings());

    assertThat(restored).isEqualTo(backedUp);
    assertThat(backedUp)
        .filteredOn(table -> table.rows() > 0)
        .extracting(TableDigest::table)
        .containsExactlyInAnyOrder(
            "event_journal",
            "event_tag",
            "instances",
            "instance_labels",
            "organizations",
            "secrets");
    try (Database database = target.open()) {
      assertThat(new InstanceRows(database).get("i1")).contains(instance);
      assertThat(
              new InstanceRows(database)
                  .list(
                      "o",
                      new InstanceFilter(
                          Optional.empty(), Map.of("team", "a=b"), Optional.of("naïve")),
                      10,
                      Optional.empty()))
          .containsExactly(instance);
      assertThat(new OrganizationRows(database).get("o")).contains(organization("o", 7));
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    try (var left = Files.list(home)) {
      assertThat(left.map(path -> String.valueOf(path.getFileName())))
          .containsExactlyInAnyOrder("source", "target", "backup.gz");
    }
  }

  @Test
  void aRestoreRecordsTheTokensThatMayHaveBeenReplacedSinceTheBackup() {
    try (Database database = source.open()) {
      for (var name : List.of("gateway-token", "gateway-device")) {
        database.upsert(
            Upsert.into("secrets")
                .key("owner", "of-" + name)
                .key("name", name)
                .set("ciphertext", bytes()));
      }
    }
    var _ = DatabaseTransfer.backUp(source.settings(), file, _ -> {});
    var _ = DatabaseTransfer.restore(file, target.settings());
    try (Database database = target.open()) {
      var outdated = new OutdatedTokens(database);
      assertThat(outdated.contains("of-gateway-token")).isTrue();
      assertThat(outdated.contains("of-gateway-device")).isFalse();
      outdated.remove("of-gateway-token");
      assertThat(outdated.contains("of-gateway-token")).isFalse();
    }
  }

  @Test
  void theNextEventIsNumberedAfterAllEarlierEvents() {
    long last;
    try (Database database = source.open()) {
      journal(database, "Instance|a", 5);
      last = lastOrdering(database);
      database
          .jdbi()
          .useHandle(
              handle ->
                  handle.execute("DELETE FROM \"event_journal\" WHERE \"ordering\" > ?", last - 2));
    }
    DatabaseTransfer.backUp(source.settings(), file, _ -> {});
    DatabaseTransfer.restore(file, target.settings());
    // A second time: an identity column that was not used in between must not restart lower.
    DatabaseTransfer.backUp(target.settings(), home.resolve("second.gz"), _ -> {});
    try (TestStorage second = source(home.resolve("second"))) {
      DatabaseTransfer.restore(home.resolve("second.gz"), second.settings());
      try (Database database = second.open()) {
        journal(database, "Instance|b", 1);
        assertThat(lastOrdering(database)).isGreaterThan(last);
      }
    }
  }

  @Test
  void aBackupDuringWritesIsASnapshot() throws Exception {
    try (Database database = source.open()) {
      var running = new AtomicBoolean(true);
      var written = new AtomicInteger();
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    // Tables are copied one after another. Without a snapshot of all, later ones
                    // would have more rows.
                    while (running.get()) writeTogether(database, "id" + written.incrementAndGet());
                  });
      awaitWritten(written, 50);
      // The seal waits for two more rows, which proves that the writer ran during the backup.
      List<TableDigest> backedUp =
          DatabaseTransfer.backUp(
              source.settings(), file, _ -> awaitWritten(written, written.get() + 2));
      running.set(false);
      writer.join();

      assertThat(rows(backedUp, "organizations")).isPositive().isLessThan(written.get());
      assertThat(rows(backedUp, "api_keys")).isEqualTo(rows(backedUp, "organizations"));
      assertThat(rows(backedUp, "secrets")).isEqualTo(rows(backedUp, "organizations"));
    }
  }

  @Test
  void aTargetWithRowsIsRejectedAndUnchanged() {
    try (Database database = source.open()) {
      new OrganizationRows(database).upsert(organization("o", 1));
    }
    DatabaseTransfer.backUp(source.settings(), file, _ -> {});
    try (Database database = target.open()) {
      new OrganizationRows(database).upsert(organization("p", 1));
    }
    assertThatThrownBy(() -> DatabaseTransfer.restore(file, target.settings()))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("table organizations");
    try (Database database = target.open()) {
      assertThat(new OrganizationRows(database).list(10, Optional.empty()))
          .containsExactly(organization("p", 1));
    }
  }

  @Test
  void aDamagedBackupIsRejectedAndLeavesTheTargetEmpty() throws Exception {
    try (Database database = source.open()) {
      new OrganizationRows(database).upsert(organization("o", 1));
    }
    DatabaseTransfer.backUp(source.settings(), file, _ -> {});
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(whole, whole.length - 1000));
    assertThatThrownBy(() -> DatabaseTransfer.restore(file, target.settings()))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(file + " is damaged");
    try (Database database = target.open()) {
      assertThat(new OrganizationRows(database).list(10, Optional.empty())).isEmpty();
    }
  }

  private static void awaitWritten(AtomicInteger written, int wanted) {
    Await.until(
        LIMIT, () -> written.get() >= wanted, () -> "written: " + written + " of " + wanted);
  }

  private static void writeTogether(Database database, String id) {
    database
        .jdbi()
        .useTransaction(
            handle -> {
              database.upsert(
                  handle,
                  Upsert.into("secrets")
                      .key("owner", id)
                      .key("name", "n")
                      .set("ciphertext", bytes()));
              database.upsert(
                  handle,
                  Upsert.into("api_keys")
                      .key("id", id)
                      .set("organization_id", id)
                      .set("kind", "organization")
                      .set("hash", id.getBytes(java.nio.charset.StandardCharsets.UTF_8))
                      .set("prefix", "p")
                      .set("created_at", SqlValues.time(T0)));
              database.upsert(
                  handle,
                  Upsert.into("organizations")
                      .key("id", id)
                      .set("revision", 1)
                      .set("name", "n")
                      .set("tier", "crab")
                      .set("slots", 0)
                      .set("view", bytes()));
            });
  }

  private static long rows(List<TableDigest> tables, String name) {
    return tables.stream().filter(t -> t.table().equals(name)).findFirst().orElseThrow().rows();
  }

  private static long lastOrdering(Database database) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery("SELECT MAX(\"ordering\") FROM \"event_journal\"")
                    .mapTo(Long.class)
                    .one());
  }

  static void journal(Database database, String persistenceId, int events) {
    database
        .jdbi()
        .useHandle(
            handle -> {
              for (int n = 1; n <= events; n++) {
                handle.execute(
                    "INSERT INTO \"event_journal\" (\"persistence_id\", \"sequence_number\","
                        + " \"writer\", \"write_timestamp\", \"adapter_manifest\","
                        + " \"event_ser_id\", \"event_ser_manifest\", \"event_payload\") VALUES"
                        + " (?, ?, '', 0, '', 2, '', ?)",
                    persistenceId,
                    n,
                    bytes());
              }
              handle.execute(
                  "INSERT INTO \"event_tag\" (\"event_id\", \"tag\") SELECT \"ordering\", 'tag-1'"
                      + " FROM \"event_journal\" WHERE \"persistence_id\" = ?",
                  persistenceId);
            });
  }

  private static byte[] bytes() {
    return new byte[] {0, -1, 5};
  }

  private static OrganizationRow organization(String id, int slots) {
    return new OrganizationRow(
        id, 3, "naïve", "crab", "active", slots, ByteString.copyFrom(bytes()));
  }

  private static InstanceRow instance(String id, String name, Map<String, String> labels) {
    return new InstanceRow(
        id,
        Ids.next(),
        "o",
        7,
        "error",
        name,
        labels,
        T0,
        T0.plusSeconds(1),
        Optional.empty(),
        Optional.of(T0.plusSeconds(2)),
        true,
        ByteString.copyFrom(bytes()));
  }
}
