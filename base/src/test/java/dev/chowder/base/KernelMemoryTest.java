package dev.chowder.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelMemoryTest {
  @TempDir private Path folder;

  @Test
  void numbersAreKibByName() throws IOException {
    var text = "MemTotal:       24605940 kB\nHugePages_Total:       0\nSwapFree: 0 kB\n";
    var file = Files.writeString(folder.resolve("meminfo"), text);
    var memory = KernelMemory.read(file);
    assertThat(memory.all()).isEqualTo(Map.of("MemTotal", 24_605_940L, "SwapFree", 0L));
    assertThat(memory.kib("MemTotal")).isEqualTo(24_605_940L);
    assertThatIllegalStateException().isThrownBy(() -> memory.kib("MemFree"));
  }

  @Test
  void thisMachineHasMemory() throws IOException {
    var memory = KernelMemory.read(KernelMemory.FILE);
    assertThat(memory.kib("MemAvailable")).isLessThanOrEqualTo(memory.kib("MemTotal"));
  }
}
