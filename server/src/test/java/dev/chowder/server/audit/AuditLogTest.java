package dev.chowder.server.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.TestDatabase;
import dev.chowder.storage.AuditRow;
import dev.chowder.storage.AuditRows;
import dev.chowder.storage.Database;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The counts of failed authentications, on H2. */
class AuditLogTest {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final AuditSettings TWO_ADDRESSES =
      new AuditSettings(Duration.ofDays(1), 100, 100, NEVER, NEVER, 2);

  private Database database;
  private AuditRows rows;

  @BeforeEach
  void open(@TempDir Path home) {
    database = TestDatabase.open(home);
    rows = new AuditRows(database);
  }

  @AfterEach
  void close() {
    database.close();
  }

  private Map<String, Integer> counted() {
    return rows.list(Optional.empty(), 100, Optional.empty()).stream()
        .collect(Collectors.toMap(AuditRow::address, AuditRow::times));
  }

  @Test
  void anAddressThatIsCountedApartStaysSoWhenTooManyOthersFollow() {
    try (var audit = new AuditLog(rows, TWO_ADDRESSES, () -> Instant.EPOCH)) {
      for (var address : new String[] {"c0000201", "c0000202", "c0000203", "c0000204"}) {
        audit.authenticationFailed(address);
      }
      audit.authenticationFailed("c0000201");
    }
    assertThat(counted()).isEqualTo(Map.of("192.0.2.1", 2, "192.0.2.2", 1, "", 2));
  }

  @Test
  void failuresWithKeysAndOnTheOperatorsPortAreCountedApart() {
    try (var audit = new AuditLog(rows, TWO_ADDRESSES, () -> Instant.EPOCH)) {
      audit.authenticationFailed("c0000201");
      audit.operatorAuthenticationFailed(InetAddress.ofLiteral("192.0.2.1"));
      audit.operatorAuthenticationFailed(InetAddress.ofLiteral("192.0.2.2"));
    }
    assertThat(
            rows.list(Optional.empty(), 100, Optional.empty()).stream()
                .map(row -> row.action() + " " + row.address()))
        .containsExactlyInAnyOrder(
            "authentication_failed 192.0.2.1",
            "operator_authentication_failed 192.0.2.1",
            "operator_authentication_failed ");
  }

  @Test
  void countsThatTheDatabaseDidNotTakeAreRecordedLater() {
    try (var audit = new AuditLog(rows, TWO_ADDRESSES, () -> Instant.EPOCH)) {
      audit.authenticationFailed("c0000201");
      database.jdbi().useHandle(handle -> handle.execute("ALTER TABLE audit RENAME TO gone"));
      audit.flushQuietly();
      audit.authenticationFailed("c0000201");
      database.jdbi().useHandle(handle -> handle.execute("ALTER TABLE gone RENAME TO audit"));
    }
    assertThat(counted()).isEqualTo(Map.of("192.0.2.1", 2));
  }
}
