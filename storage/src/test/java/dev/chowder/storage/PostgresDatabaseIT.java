package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests how a node starts on different PostgreSQL databases, and the timeouts of connections and
 * statements.
 */
class PostgresDatabaseIT {
  @TempDir Path home;
  private PostgresTestStorage storage;

  @BeforeEach
  void make() {
    storage = PostgresTestStorage.make(home);
  }

  @AfterEach
  void drop() {
    storage.close();
  }

  @Test
  void anEmptyDatabaseIsMigratedAtStart() {
    try (Database database = storage.open()) {
      assertThat(new InstanceRows(database).countByStatus()).isEmpty();
    }
    try (Database database = storage.open()) {
      assertThat(new InstanceRows(database).countByStatus()).isEmpty();
    }
  }

  @Test
  void nodesThatStartAtOnceOnAnEmptyDatabaseAllStart() throws Exception {
    Callable<Integer> start =
        () -> {
          try (Database database = storage.open()) {
            return new InstanceRows(database).countByStatus().size();
          }
        };
    try (var nodes = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var started : nodes.invokeAll(List.of(start, start, start))) {
        assertThat(started.get()).isZero();
      }
    }
  }

  @Test
  void theErrorOfAnOlderDatabaseNamesTheMigrationCommand() {
    migrateTo("1");
    assertThatThrownBy(storage::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("schema version 1,")
        .hasMessageContaining("chowder admin migrate");

    Database.migrate(storage.settings());

    try (Database database = storage.open()) {
      assertThat(new InstanceRows(database).countByStatus()).isEmpty();
    }
  }

  @Test
  void aMigrationIsRejectedWhileAnotherProcessUsesTheOlderTables() {
    migrateTo("1");
    // Simulates a node of a version that holds no lock.
    try (var node =
        ConnectionPool.open("chowder", storage.settings(), storage.settings().tables())) {
      assertThat(node.isRunning()).isTrue();
      assertThatThrownBy(() -> Database.migrate(storage.settings()))
          .isInstanceOf(StorageException.class)
          .hasMessageStartingWith("cannot migrate the database: ")
          .hasMessageContaining("chowder at ")
          .hasMessageContaining("(pid ");
      assertThatThrownBy(storage::open).hasMessageContaining("schema version 1,");
    }

    Database.migrate(storage.settings());

    try (Database database = storage.open()) {
      assertThat(new InstanceRows(database).countByStatus()).isEmpty();
      // Nothing is left to migrate.
      Database.migrate(storage.settings());
    }
  }

  @Test
  void aNewerDatabaseIsRejected() {
    try (Database database = storage.open()) {
      database
          .jdbi()
          .useHandle(
              handle ->
                  handle.execute(
                      "INSERT INTO flyway_schema_history VALUES (99, '999', 'later', 'SQL',"
                          + " 'V999__later.sql', 1, 'later', now(), 1, TRUE)"));
    }
    String newer = "schema version 999";
    assertThatThrownBy(storage::open)
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(newer);
    assertThatThrownBy(() -> Database.migrate(storage.settings()))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining(newer);
  }

  @Test
  void theErrorOfAWrongPasswordDoesNotQuoteIt() {
    StorageSettings wrong =
        StorageSettings.from(storage.config(), Map.of("CHOWDER_STORAGE_PASSWORD", "canary"));
    assertThatThrownBy(() -> Database.open(wrong))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("password authentication failed")
        .hasMessageNotContaining("canary")
        .hasMessageNotContaining("\n");
  }

  @Test
  @Timeout(60)
  void aServerThatAcceptsAConnectionButNeverRespondsTimesOut() throws Exception {
    try (var silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      StorageSettings shared =
          StorageSettings.from(
              TestStorage.config(
                  home,
                  Map.of(
                      "chowder.storage.url",
                      "jdbc:postgresql://127.0.0.1:" + silent.getLocalPort() + "/none",
                      "chowder.storage.connect-timeout",
                      "1s")));
      assertThatThrownBy(() -> Database.open(shared))
          .isInstanceOf(StorageException.class)
          .hasMessageStartingWith("cannot connect to the database: ");
    }
  }

  @Test
  @Timeout(60)
  void theDatabaseCancelsAStatementThatTakesTooLong() {
    try (Database database = Database.open(withLimits("3s", "15s"))) {
      assertThatThrownBy(() -> sleep(database, Duration.ofSeconds(20)))
          .hasMessageContaining("statement timeout");
      assertThat(new InstanceRows(database).countByStatus()).isEmpty();
    }
  }

  @Test
  @Timeout(60)
  void aSilentConnectionTimesOutAndTheNextCallGetsAnother() {
    // The database's own timeout is longer here.
    try (Database database = Database.open(withLimits("25s", "3s"))) {
      assertThatThrownBy(() -> sleep(database, Duration.ofSeconds(20)))
          .hasMessageContaining("I/O error");
      assertThat(new InstanceRows(database).countByStatus()).isEmpty();
    }
  }

  private static void sleep(Database database, Duration time) {
    database
        .jdbi()
        .useHandle(
            handle ->
                handle
                    .createQuery("SELECT 1 FROM pg_sleep(:seconds)")
                    .bind("seconds", (double) time.toSeconds())
                    .mapTo(Integer.class)
                    .one());
  }

  private StorageSettings withLimits(String statement, String silence) {
    StorageSettings limits =
        StorageSettings.from(
            TestStorage.config(
                home,
                Map.of(
                    "chowder.storage.statement-timeout",
                    statement,
                    "chowder.storage.silence-timeout",
                    silence)));
    StorageSettings shared = storage.settings();
    return new StorageSettings(
        shared.directory(),
        shared.url(),
        shared.user(),
        shared.password(),
        shared.tables(),
        shared.journal(),
        shared.journalQueue(),
        limits.limits());
  }

  private void migrateTo(String version) {
    try (var connections = ConnectionPool.openForLongWork("test", storage.settings())) {
      Flyway.configure()
          .dataSource(connections)
          .locations(Dialect.POSTGRESQL.migrations())
          .target(version)
          .load()
          .migrate();
    }
  }
}
