package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostSwapTest {
  private static final String HEADER = "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
  private static final long KIB = 1024;

  @TempDir private Path folder;

  @Test
  void aHostWithoutSwapHasNone() throws IOException {
    assertThat(swap(HEADER).freeBytes()).isZero();
    assertThat(new HostSwap(folder.resolve("absent"), folder, false).freeBytes()).isZero();
  }

  @Test
  void aHostWithSwapOnADiskHasNoneForAgentsUnlessTheOperatorPermitsIt() throws IOException {
    for (var disk : List.of("/dev/vda2 partition", "/home/zram0 file")) {
      var content = HEADER + "/dev/zram0 partition 1000 0 100\n" + disk + " 500 0 -3\n";
      assertThat(swap(content).freeBytes()).isZero();
      assertThat(withDisk(content).freeBytes()).isEqualTo(1500 * KIB);
    }
  }

  @Test
  void aCompressedDeviceWithABackingDeviceIsSwapOnADisk() throws IOException {
    var content = HEADER + "/dev/zram3 partition 1000 100 100\n";
    device("backing_dev", "none\n");
    assertThat(swap(content).freeBytes()).isEqualTo(900 * KIB);
    device("backing_dev", "/dev/vda3\n");
    assertThat(swap(content).freeBytes()).isZero();
    assertThat(withDisk(content).freeBytes()).isEqualTo(900 * KIB);
  }

  @Test
  void allPermittedDevicesCount() throws IOException {
    var swap = withDisk(HEADER + "/swap\\040file file 1000 100 -2\n/dev/vda2 partition 500 0 -3\n");
    assertThat(swap.freeBytes()).isEqualTo(1400 * KIB);
    assertThat(swap.compressedBytes()).isZero();
  }

  @Test
  void aCompressedDeviceIsFullWhenItsMemoryIs() throws IOException {
    var swap = swap(HEADER + "/dev/zram3 partition 1000 100 -2\n");
    assertThat(swap.freeBytes()).as("no limit is readable").isEqualTo(900 * KIB);
    device("mm_stat", "409600 102400 110000 0 110000 0 0 0 0\n");
    assertThat(swap.freeBytes()).as("no limit").isEqualTo(900 * KIB);
    device("mm_stat", "   409600   102400   110000   210000   110000 0 0 0 0\n");
    assertThat(swap.freeBytes()).isEqualTo(200_000);
    assertThat(swap.compressedBytes()).isEqualTo(110_000);
    device("mm_stat", "409600 102400 210001 210000 210001 0 0 0 0\n");
    assertThat(swap.freeBytes()).isZero();
  }

  private HostSwap swap(String content) throws IOException {
    return new HostSwap(Files.writeString(folder.resolve("swaps"), content), folder, false);
  }

  private HostSwap withDisk(String content) throws IOException {
    return new HostSwap(Files.writeString(folder.resolve("swaps"), content), folder, true);
  }

  private void device(String file, String content) throws IOException {
    Files.writeString(Files.createDirectories(folder.resolve("zram3")).resolve(file), content);
  }
}
