package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerWeightsTest {
  @TempDir private Path cgroups;

  @Test
  void aKernelWithoutWeightsOfVersion2GetsNone() throws IOException {
    Files.createFile(cgroups.resolve("cgroup.controllers"));
    var group = Files.createDirectories(cgroups.resolve("system.slice"));
    assertThat(ContainerWeights.permitsIoWeight(cgroups)).isFalse();
    Files.createFile(group.resolve("io.bfq.weight"));
    assertThat(ContainerWeights.permitsIoWeight(cgroups)).isTrue();
  }

  @Test
  void theEngineDecidesWithVersion1() throws IOException {
    assertThat(ContainerWeights.permitsIoWeight(cgroups)).isFalse();
    Files.createDirectory(cgroups.resolve("blkio"));
    assertThat(ContainerWeights.permitsIoWeight(cgroups)).isTrue();
  }
}
