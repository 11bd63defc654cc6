package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests both versions of control groups with plain files. */
class CgroupProcessorTest {
  private static final String ID = "0123456789abcdef";

  @TempDir private Path root;

  @Test
  void bothVersionsOfControlGroupsAreRead() throws IOException {
    write("cpuacct/docker/" + ID + "/cpuacct.usage", "1500000\n");
    var version1 = List.of("5:memory:/docker/" + ID, "4:cpu,cpuacct:/docker/" + ID, "0::/");
    assertThat(CgroupProcessor.used(version1, ID, root)).hasValue(Duration.ofNanos(1_500_000));
    write("system.slice/docker-" + ID + ".scope/cpu.stat", "usage_usec 2500\nuser_usec 2000\n");
    var version2 = List.of("0::/system.slice/docker-" + ID + ".scope");
    assertThat(CgroupProcessor.used(version2, ID, root)).hasValue(Duration.ofNanos(2_500_000));
  }

  @Test
  void anEngineInAnotherMachineIsNotRead() throws IOException {
    write("user.slice/cpu.stat", "usage_usec 2500\n");
    assertThat(CgroupProcessor.used(List.of("0::/user.slice"), ID, root)).isEmpty();
    assertThat(CgroupProcessor.used(List.of("0::/docker/" + ID), ID, root)).isEmpty();
  }

  private void write(String file, String text) throws IOException {
    var path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }
}
