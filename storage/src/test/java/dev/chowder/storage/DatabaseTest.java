package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseTest {
  @TempDir Path home;

  @Test
  void openingTwiceMigratesOnce() {
    try (Database _ = TestStorage.open(home)) {}
    try (Database database = TestStorage.open(home)) {
      int versions =
          database
              .jdbi()
              .withHandle(
                  handle ->
                      handle
                          .createQuery(
                              "SELECT COUNT(*) FROM \"flyway_schema_history\" WHERE \"version\" = '1'")
                          .mapTo(Integer.class)
                          .one());
      assertThat(versions).isEqualTo(1);
    }
  }

  @Test
  void aNewDatabaseAcceptsRowsAfterItsFirstConnectionsAreClosed() {
    try (Database database = TestStorage.open(home)) {
      ((HikariDataSource) database.dataSource()).getHikariPoolMXBean().softEvictConnections();
      int inserted =
          database
              .jdbi()
              .withHandle(
                  handle ->
                      handle.execute(
                          "INSERT INTO api_keys (id, organization_id, kind, hash, prefix, created_at)"
                              + " VALUES (RANDOM_UUID(), RANDOM_UUID(), 'organization', ?, 'chd_org',"
                              + " CURRENT_TIMESTAMP)",
                          new byte[32]));
      assertThat(inserted).isEqualTo(1);
    }
  }

  @Test
  void onlyTheOwnerMayAccessTheStorageDirectory() throws Exception {
    try (Database _ = TestStorage.open(home)) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("data"))))
          .isEqualTo("rwx------");
    }
  }

  @Test
  void aDatabaseThatANewerVersionMigratedIsRejected() {
    try (Database database = TestStorage.open(home)) {
      database
          .jdbi()
          .useHandle(
              handle ->
                  handle.execute(
                      "INSERT INTO \"flyway_schema_history\" (\"installed_rank\", \"version\","
                          + " \"description\", \"type\", \"script\", \"checksum\","
                          + " \"installed_by\", \"execution_time\", \"success\") VALUES (99,"
                          + " '999', 'later', 'SQL', 'V999__later.sql', 1, 'later', 1, TRUE)"));
    }
    assertThatThrownBy(() -> TestStorage.open(home))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("schema version 999")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aCommitIsNotDelayed() {
    assertThat(StorageSettings.from(TestStorage.config(home)).url())
        .startsWith("jdbc:h2:async:" + home)
        .contains("WRITE_DELAY=0");
    try (Database database = TestStorage.open(home)) {
      List<String> delays =
          database
              .jdbi()
              .withHandle(
                  handle ->
                      handle
                          .createQuery(
                              "SELECT SETTING_VALUE FROM INFORMATION_SCHEMA.SETTINGS WHERE"
                                  + " SETTING_NAME = 'WRITE_DELAY'")
                          .mapTo(String.class)
                          .list());
      assertThat(delays).isNotEmpty().containsOnly("0");
    }
  }

  /** Effects are cancelled by an interrupt at any point, and many of them read secrets. */
  @Test
  void anInterruptedThreadDoesNotCloseTheDatabaseForOthers() throws Exception {
    try (Database database = TestStorage.open(home)) {
      for (int round = 0; round < 200; round++) {
        var writing = new CountDownLatch(1);
        var writer = Thread.ofVirtual().start(() -> write(database, writing));
        assertThat(writing.await(30, TimeUnit.SECONDS)).isTrue();
        writer.interrupt();
        assertThat(writer.join(Duration.ofSeconds(10))).isTrue();
        assertThat(organizations(database)).isPositive();
      }
    }
  }

  /** Writes until it is interrupted. */
  private static void write(Database database, CountDownLatch writing) {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        database
            .jdbi()
            .useHandle(
                handle ->
                    handle.execute(
                        "INSERT INTO organizations (id, revision, name, tier, slots, view) VALUES"
                            + " (RANDOM_UUID(), 1, 'name', 'shrimp', 0, X'00')"));
      } catch (RuntimeException interrupted) {
        return;
      } finally {
        writing.countDown();
      }
    }
  }

  private static int organizations(Database database) {
    return database
        .jdbi()
        .withHandle(
            handle ->
                handle
                    .createQuery("SELECT COUNT(*) FROM organizations")
                    .mapTo(Integer.class)
                    .one());
  }

  @Test
  void anUnreachableDatabaseIsReportedInOneLine() {
    StorageSettings unreachable =
        StorageSettings.from(
            TestStorage.config(
                home,
                Map.of(
                    "chowder.storage.url",
                    "jdbc:h2:tcp://127.0.0.1:1/none",
                    "chowder.storage.connection-timeout",
                    "300ms")));
    assertThatThrownBy(() -> Database.open(unreachable))
        .isInstanceOf(StorageException.class)
        .hasMessageStartingWith("cannot connect to the database: ")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aKilledProcessKeepsAcknowledgedRowsAndReleasesTheDatabase() throws Exception {
    try (WritingProcess writer = WritingProcess.start(home)) {
      writer.await(200);
      assertThatThrownBy(() -> TestStorage.open(home))
          .isInstanceOf(StorageException.class)
          .hasMessageContaining("another process");
      int last = writer.kill();
      assertThat(last).isGreaterThanOrEqualTo(200);
      try (Database database = TestStorage.open(home)) {
        assertThat(organizations(database)).isGreaterThanOrEqualTo(last);
      }
    }
  }
}
