package dev.chowder.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.admission.HostLedger.Counts;
import dev.chowder.admission.HostLedger.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostLedgerTest {
  private static final Instant NOW = Instant.parse("2026-07-01T12:00:00Z");
  private static final Duration BOOT = Duration.ofSeconds(30);

  @TempDir Path home;

  @Test
  void memoryThatOneNodeAdmitsCountsForTheOthers() {
    assertThat(ledger().add(NOW, Kind.BOOT, n -> n.boots() == 0)).isTrue();
    assertThat(ledger().add(NOW, Kind.BOOT, n -> n.boots() == 1)).isTrue();
    assertThat(ledger().add(NOW.plusSeconds(3), Kind.BOOT, n -> n.boots() < 2)).isFalse();
  }

  @Test
  void anEntryCountsForAsLongAsAGatewayBoots() {
    ledger().add(NOW, Kind.BOOT, _ -> true);
    assertThat(ledger().add(NOW.plus(BOOT), Kind.BOOT, n -> n.boots() == 1)).isTrue();
    assertThat(ledger().add(NOW.plus(BOOT).plusSeconds(2), Kind.BOOT, n -> n.boots() == 1))
        .isTrue();
  }

  @Test
  void kindsCountSeparately() {
    ledger().add(NOW, Kind.BOOT, _ -> true);
    assertThat(ledger().add(NOW, Kind.READ_BACK, n -> n.equals(new Counts(1, 0)))).isTrue();
    ledger().remove(NOW, Kind.BOOT);
    assertThat(ledger().add(NOW, Kind.BOOT, n -> n.equals(new Counts(0, 1)))).isTrue();
  }

  @Test
  void anInterruptedThreadRemovesItsEntry() {
    ledger().add(NOW, Kind.READ_BACK, _ -> true);
    Thread.currentThread().interrupt();
    ledger().remove(NOW, Kind.READ_BACK);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(ledger().add(NOW, Kind.BOOT, n -> n.equals(Counts.NONE))).isTrue();
  }

  @Test
  void aRejectedRequestLeavesNoEntry() {
    ledger().add(NOW, Kind.BOOT, _ -> false);
    assertThat(ledger().add(NOW, Kind.BOOT, n -> n.boots() == 0)).isTrue();
  }

  @Test
  void aClockThatIsSetBackBlocksNoRequest() {
    ledger().add(NOW.plus(Duration.ofDays(1)), Kind.BOOT, _ -> true);
    assertThat(ledger().add(NOW, Kind.BOOT, n -> n.boots() == 0)).isTrue();
  }

  @Test
  void concurrentNodesAdmitNoMoreThanFits() {
    var letIn = new AtomicInteger();
    var oneNode = ledger();
    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      IntStream.range(0, 200)
          .forEach(
              _ ->
                  callers.execute(
                      () -> {
                        if (oneNode.add(NOW, Kind.BOOT, n -> n.boots() < 7))
                          letIn.incrementAndGet();
                      }));
    }
    assertThat(letIn).hasValue(7);
  }

  @Test
  void onlyTheOwnerCanReadTheLedger() throws IOException {
    ledger().add(NOW, Kind.BOOT, _ -> true);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
  }

  private HostLedger ledger() {
    return new HostLedger(file(), BOOT);
  }

  private Path file() {
    return home.resolve("host-admissions");
  }
}
