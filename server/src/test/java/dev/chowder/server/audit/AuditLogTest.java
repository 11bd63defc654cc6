package dev.chowder.server.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import dev.chowder.server.TestDatabase;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.storage.AuditRow;
import dev.chowder.storage.AuditRows;
import dev.chowder.storage.Database;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the audit entries of reads, failed authentications and operators' calls, on H2. */
class AuditLogTest {
  private static final Duration NEVER = Duration.ofHours(1);
  private static final AuditSettings TWO_ADDRESSES =
      new AuditSettings(Duration.ofDays(1), 100, 100, 100, NEVER, NEVER, 2, 100, 2);

  private static final String INSTANCE = Ids.next();

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

  private AuditLog audit() {
    return new AuditLog(
        rows,
        TWO_ADDRESSES,
        () -> Instant.EPOCH,
        (organization, id) -> organization.equals("o") && id.equals(INSTANCE));
  }

  private Map<String, Integer> counted() {
    return rows.list(Optional.empty(), 100, Optional.empty()).stream()
        .collect(Collectors.toMap(AuditRow::address, AuditRow::times));
  }

  @Test
  void equalReadsShareAnEntryAlsoWithoutAnInstance() {
    var caller = new Caller("o", "k");
    try (var audit = audit()) {
      for (int n = 0; n < 1000; n++) audit.record(caller, "TailLogs", INSTANCE, "192.0.2.1");
      for (int n = 0; n < 1000; n++) {
        audit.record(caller, "TailLogs", n % 2 == 0 ? "malformed" + n : Ids.next(), "192.0.2.1");
      }
      audit.record(new Caller("o", "other"), "TailLogs", INSTANCE, "192.0.2.1");
      audit.record(new Caller("p", "k"), "TailLogs", INSTANCE, "192.0.2.1");
      audit.record(caller, "GetSession", INSTANCE, "192.0.2.1");
      audit.record(caller, "TailLogs", INSTANCE, "192.0.2.2");
    }
    assertThat(reads())
        .containsExactlyInAnyOrder(
            "o k TailLogs " + INSTANCE + " 192.0.2.1 1000",
            "o k TailLogs  192.0.2.1 1000",
            "o other TailLogs " + INSTANCE + " 192.0.2.1 1",
            "p k TailLogs  192.0.2.1 1",
            "o k GetSession " + INSTANCE + " 192.0.2.1 1",
            "o k TailLogs " + INSTANCE + " 192.0.2.2 1");
  }

  @Test
  void aReadAfterItsEntryWasDeletedGetsAnother() {
    try (var audit = audit()) {
      audit.record(new Caller("o", "k"), "TailLogs", INSTANCE, "192.0.2.1");
      rows.deleteOld(Instant.EPOCH.plusSeconds(1), 100, 100, 100);
      assertThat(reads()).isEmpty();
      for (int n = 0; n < 2; n++) {
        audit.record(new Caller("o", "k"), "TailLogs", INSTANCE, "192.0.2.1");
      }
    }
    assertThat(reads()).containsExactly("o k TailLogs " + INSTANCE + " 192.0.2.1 2");
  }

  @Test
  void equalCallsOfOperatorsShareAnEntryWrittenBeforeTheCall() {
    try (var audit = audit()) {
      called(audit, "192.0.2.1", "operator/CreateBackup", "", "");
      assertThat(reads()).containsExactly("  operator/CreateBackup  192.0.2.1 1");
      for (int n = 1; n < 100; n++) called(audit, "192.0.2.1", "operator/CreateBackup", "", "");
      called(audit, "192.0.2.2", "operator/CreateBackup", "", "");
      called(audit, "2001:db8::1", "operator/CreateOrganizationKey", "o", "");
    }
    assertThat(reads())
        .containsExactlyInAnyOrder(
            "  operator/CreateBackup  192.0.2.1 100",
            "  operator/CreateBackup  192.0.2.2 1",
            "o  operator/CreateOrganizationKey  2001:db8:0:0:0:0:0:0/64 1");
  }

  /**
   * Two different calls of a period are recorded with their ids; the third is recorded without one.
   */
  @Test
  void callsOfOperatorsWithInventedIdsDisplaceNoOthers() {
    try (var audit = audit()) {
      called(audit, "192.0.2.1", "operator/StopInstance", "", INSTANCE);
      called(audit, "192.0.2.1", "operator/CreateOrganizationKey", "o", "");
      called(audit, "192.0.2.1", "operator/CreateBackup", "", "");
      for (int n = 0; n < 50; n++) {
        called(audit, "192.0.2.1", "operator/StopInstance", "", Ids.next());
        called(audit, "192.0.2.1", "operator/CreateOrganizationKey", Ids.next(), "");
        called(audit, "192.0.2.1", "operator/OpenHostPort/" + (1000 + n), "", "");
      }
      called(audit, "192.0.2.1", "operator/StopInstance", "", INSTANCE);
      assertThat(reads())
          .containsExactlyInAnyOrder(
              "  operator/StopInstance " + INSTANCE + " 192.0.2.1 2",
              "o  operator/CreateOrganizationKey  192.0.2.1 1",
              "  operator/CreateBackup  192.0.2.1 1",
              "  operator/StopInstance  192.0.2.1 50",
              "  operator/CreateOrganizationKey  192.0.2.1 50",
              "  operator/OpenHostPort  192.0.2.1 50");
      audit.flushQuietly();
      called(audit, "192.0.2.1", "operator/OpenHostPort/8000", "", "");
    }
    assertThat(reads()).contains("  operator/OpenHostPort/8000  192.0.2.1 1").hasSize(7);
  }

  private static void called(
      AuditLog audit, String address, String action, String organizationId, String instanceId) {
    audit.called(ClientAddress.of(address), action, organizationId, instanceId);
  }

  @Test
  void anOperatorMayActWhileTheTableCannotBeWritten() {
    try (var audit = audit()) {
      called(audit, "192.0.2.1", "operator/RecoverInstances", "", "");
      database.close();
      for (var action : List.of("recover", "stop")) {
        called(audit, "192.0.2.1", "operator/" + action, "", "");
      }
    }
  }

  private List<String> reads() {
    return rows.list(Optional.empty(), 3000, Optional.empty()).stream()
        .map(
            row ->
                String.join(
                    " ",
                    row.organizationId(),
                    row.keyId(),
                    row.action(),
                    row.instanceId(),
                    row.address(),
                    "" + row.times()))
        .toList();
  }

  @Test
  void anAddressKeepsItsOwnCountWhenTooManyOthersFollow() {
    try (var audit = audit()) {
      for (var address : new String[] {"c0000201", "c0000202", "c0000203", "c0000204"}) {
        audit.authenticationFailed(address);
      }
      audit.authenticationFailed("c0000201");
    }
    assertThat(counted()).isEqualTo(Map.of("192.0.2.1", 2, "192.0.2.2", 1, "", 2));
  }

  @Test
  void failuresWithKeysAndOnTheOperatorsPortAreCountedSeparately() {
    try (var audit = audit()) {
      audit.authenticationFailed("c0000201");
      audit.rejected(ClientAddress.of("192.0.2.1"));
      audit.rejected(ClientAddress.of("192.0.2.2"));
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
  void countsThatCouldNotBeStoredAreRecordedLater() {
    try (var audit = audit()) {
      audit.authenticationFailed("c0000201");
      database.jdbi().useHandle(handle -> handle.execute("ALTER TABLE audit RENAME TO gone"));
      audit.flushQuietly();
      audit.authenticationFailed("c0000201");
      database.jdbi().useHandle(handle -> handle.execute("ALTER TABLE gone RENAME TO audit"));
    }
    assertThat(counted()).isEqualTo(Map.of("192.0.2.1", 2));
  }
}
