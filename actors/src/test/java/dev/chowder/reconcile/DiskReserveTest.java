package dev.chowder.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskReserveTest {
  private static final long MIB = 1 << 20;

  @TempDir Path home;

  @Test
  void theReserveTakesItsSpaceAndIsReleasedOnlyOnceTheDiskIsFull() throws IOException {
    var reserve = new DiskReserve(home, 3 * MIB + 1);
    reserve.restore(0);
    assertThat(home.resolve("disk-reserve")).hasSize(3 * MIB + 1);
    assertThat(blocks(home.resolve("disk-reserve"))).isGreaterThanOrEqualTo(3 * MIB / 512);
    reserve.releaseIfFull();
    assertThat(home.resolve("disk-reserve")).exists();
    // No disk has as much space, so this one is full.
    new DiskReserve(home, Long.MAX_VALUE).releaseIfFull();
    assertThat(home).isEmptyDirectory();
  }

  @Test
  void theReserveIsNotCreatedWhileTheDiskLacksSpaceOrIfItIsOff() {
    new DiskReserve(home, MIB).restore(Long.MAX_VALUE - MIB);
    new DiskReserve(home, 0).restore(0);
    assertThat(home).isEmptyDirectory();
  }

  private static long blocks(Path file) throws IOException {
    var stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
    return Long.parseLong(new String(stat.getInputStream().readAllBytes(), UTF_8).strip());
  }
}
