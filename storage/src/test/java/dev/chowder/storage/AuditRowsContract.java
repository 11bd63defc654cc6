package dev.chowder.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the audit table. The subclass chooses the database. */
abstract class AuditRowsContract {
  private static final Instant T0 = Instant.parse("2026-01-01T00:00:00Z");

  @TempDir Path home;
  private TestStorage storage;
  private Database database;
  private AuditRows rows;

  /** Returns an empty database. */
  abstract TestStorage storage(Path home);

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    rows = new AuditRows(database);
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  private static AuditRow row(int n, String organization) {
    return new AuditRow(
        "id-%03d".formatted(n), T0.plusSeconds(n), "TailLogs", organization, "key", "i", "", 1);
  }

  @Test
  void entriesAreListedNewestFirstByPageAndByOrganization() {
    for (int n = 0; n < 5; n++) rows.append(row(n, n % 2 == 0 ? "even" : "odd"));
    assertThat(rows.list(Optional.empty(), 3, Optional.empty()))
        .containsExactly(row(4, "even"), row(3, "odd"), row(2, "even"));
    assertThat(rows.list(Optional.empty(), 3, Optional.of("id-002")))
        .containsExactly(row(1, "odd"), row(0, "even"));
    assertThat(rows.list(Optional.of("odd"), 3, Optional.empty()))
        .containsExactly(row(3, "odd"), row(1, "odd"));
  }

  @Test
  void anEntryCountsRepetitions() {
    rows.append(row(0, "o"));
    rows.append(row(1, "o"));
    assertThat(rows.repeat("id-000")).isTrue();
    assertThat(rows.repeat("id-000")).isTrue();
    assertThat(rows.repeat("id-002")).as("a deleted entry").isFalse();
    assertThat(rows.list(Optional.empty(), 10, Optional.empty()).stream().map(AuditRow::times))
        .containsExactly(1, 3);
  }

  @Test
  void entriesThatAreTooOldOrTooManyAreDeletedOldestFirst() {
    for (int n = 0; n < 10; n++) rows.append(row(n, "o"));
    assertThat(rows.deleteOld(T0.plusSeconds(2), 100, 100, 100)).as("older than 2 s").isEqualTo(2);
    assertThat(rows.deleteOld(T0, 100, 5, 100)).as("beyond 5 rows").isEqualTo(3);
    assertThat(rows.list(Optional.empty(), 100, Optional.empty())).hasSize(5).endsWith(row(5, "o"));
    assertThat(rows.deleteOld(T0, 100, 5, 100)).isZero();
  }

  @Test
  void theRetentionReadsOnlyTheRowsThatItDeletes() {
    database
        .jdbi()
        .useHandle(
            handle -> {
              var batch =
                  handle.prepareBatch(
                      "INSERT INTO audit (id, at, action, organization_id, key_id, instance_id,"
                          + " address, times) VALUES (:id, :at, 'TailLogs', 'o', 'k', 'i', '', 1)");
              for (int n = 0; n < 5000; n++) {
                batch
                    .bind("id", "id-%05d".formatted(n))
                    .bind("at", SqlValues.time(T0.plusSeconds(n)))
                    .add();
              }
              batch.execute();
              handle.execute("ANALYZE");
              var plan =
                  handle
                      .createQuery("EXPLAIN DELETE FROM audit WHERE at < :before")
                      .bind("before", SqlValues.time(T0.plusSeconds(50)))
                      .mapTo(String.class)
                      .list();
              assertThat(plan.toString()).containsIgnoringCase("audit_by_time");
            });
  }

  @Test
  void anOrganizationWithManyEntriesDisplacesNoEntriesOfOthers() {
    rows.append(row(0, "victim"));
    for (int n = 1; n < 10; n++) rows.append(row(n, "noisy"));
    // Failed authentications have no organization.
    for (int n = 10; n < 20; n++) rows.append(row(n, ""));
    assertThat(rows.deleteOld(T0, 3, 10, 100)).isEqualTo(6 + 7);
    assertThat(rows.list(Optional.empty(), 100, Optional.empty()))
        .containsExactly(
            row(19, ""),
            row(18, ""),
            row(17, ""),
            row(9, "noisy"),
            row(8, "noisy"),
            row(7, "noisy"),
            row(0, "victim"));
  }

  @Test
  void noCallerDisplacesEntriesOfOperators() {
    var suspended = operators(0, "noisy");
    var opened = operators(1, "");
    rows.append(suspended);
    rows.append(opened);
    for (int n = 2; n < 10; n++) rows.append(row(n, "noisy"));
    for (int n = 10; n < 20; n++) rows.append(row(n, ""));
    assertThat(rows.deleteOld(T0, 1, 100, 100)).isEqualTo(7 + 9);
    assertThat(rows.list(Optional.empty(), 100, Optional.empty()))
        .containsExactly(row(19, ""), row(9, "noisy"), opened, suspended);
  }

  @Test
  void manyOrganizationsTogetherDisplaceNoEntriesOfOperators() {
    var suspended = operators(0, "o");
    var opened = operators(1, "");
    rows.append(suspended);
    rows.append(opened);
    for (int n = 2; n < 22; n++) rows.append(row(n, "o" + n));
    assertThat(rows.deleteOld(T0, 100, 3, 2)).isEqualTo(17);
    assertThat(rows.list(Optional.empty(), 100, Optional.empty()))
        .containsExactly(row(21, "o21"), row(20, "o20"), row(19, "o19"), opened, suspended);
  }

  @Test
  void operatorsCallsHaveASeparateLimitAndDisplaceNoOthers() {
    for (int n = 0; n < 3; n++) rows.append(row(n, "o"));
    for (int n = 3; n < 13; n++) rows.append(operators(n, n % 2 == 0 ? "o" : ""));
    assertThat(rows.deleteOld(T0, 100, 3, 2)).isEqualTo(8);
    assertThat(rows.list(Optional.empty(), 100, Optional.empty()))
        .containsExactly(
            operators(12, "o"), operators(11, ""), row(2, "o"), row(1, "o"), row(0, "o"));
    assertThat(rows.deleteOld(T0, 100, 3, 2)).isZero();
  }

  private static AuditRow operators(int n, String organization) {
    return new AuditRow(
        "id-%03d".formatted(n), T0, "operator/some/call", organization, "", "", "192.0.2.1", 1);
  }
}
