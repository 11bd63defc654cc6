package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.MemoryUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests both versions of control groups with plain files. */
class CgroupMemoryTest {
  private static final String ID = "0123456789abcdef";
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private static final List<String> V1 =
      List.of("5:pids:/docker/" + ID, "4:memory:/docker/" + ID, "1:name=systemd:/", "0::/");
  private static final List<String> V2 = List.of("0::/system.slice/docker-" + ID + ".scope");

  @TempDir private Path root;

  @Test
  void aGroupOfVersion1IsMeasuredAndReclaimed() throws Exception {
    var group =
        files(
            "memory/docker/" + ID,
            Map.of(
                "memory.usage_in_bytes", "1000",
                "memory.stat", "inactive_file 1\ntotal_inactive_file 300\ntotal_swap 50\n",
                "memory.force_empty", "",
                "cgroup.procs", "7\n9\n"));
    var memory = CgroupMemory.of(V1, ID, root).orElseThrow();
    assertThat(memory.use()).hasValue(new MemoryUse(700, 50));
    assertThat(memory.processes()).containsExactly(7L, 9L);
    assertThat(memory.reclaim(LIMIT)).isEmpty();
    assertThat(group.resolve("memory.force_empty")).hasContent("0");
  }

  @Test
  void aGroupOfVersion2IsMeasuredAndReclaimedAndMayNotSwapAfterwards() throws Exception {
    var group =
        files(
            "system.slice/docker-" + ID + ".scope",
            Map.of(
                "memory.current", "1000",
                "memory.stat", "anon 600\ninactive_file 300\n",
                "memory.swap.current", "50",
                "memory.swap.max", "0",
                "memory.max", "2048",
                "memory.reclaim", ""));
    var memory = CgroupMemory.of(V2, ID, root).orElseThrow();
    assertThat(memory.use()).hasValue(new MemoryUse(700, 50));
    assertThat(memory.reclaim(LIMIT)).isEmpty();
    assertThat(group.resolve("memory.reclaim")).hasContent("1000");
    assertThat(group.resolve("memory.swap.max")).hasContent("0");
  }

  @Test
  void anOlderKernelReclaimsByALimitThatIsLiftedAfterwards() throws Exception {
    var group = olderKernel();
    assertThat(CgroupMemory.of(V2, ID, root).orElseThrow().reclaim(LIMIT)).isEmpty();
    assertThat(group.resolve("memory.high")).hasContent("max");
    assertThat(group.resolve("memory.swap.max")).hasContent("0");
    assertThat(group.resolve("memory.reclaim")).doesNotExist();
  }

  @Test
  void theLimitsThatAKilledServerLeftAreRestored() throws Exception {
    var group = olderKernel();
    Files.writeString(group.resolve("memory.high"), "0\n");
    Files.writeString(group.resolve("memory.swap.max"), "2048\n");
    CgroupMemory.of(V2, ID, root).orElseThrow().restore();
    assertThat(group.resolve("memory.high")).hasContent("max");
    assertThat(group.resolve("memory.swap.max")).hasContent("0");
  }

  private Path olderKernel() throws IOException {
    return files(
        "system.slice/docker-" + ID + ".scope",
        Map.of(
            "memory.current", "1000",
            "memory.stat", "",
            "memory.max", "2048",
            "memory.high", "max",
            "memory.swap.max", "0"));
  }

  @Test
  void aReasonIsReturnedIfTheKernelRejectsTheWrite() throws Exception {
    files(
        "memory/docker/" + ID,
        Map.of("memory.usage_in_bytes", "1000", "memory.force_empty/folder", ""));
    assertThat(CgroupMemory.of(V1, ID, root).orElseThrow().reclaim(LIMIT)).isPresent();
  }

  @Test
  void theGroupOfAnotherProcessIsNotUsed() throws Exception {
    files("memory/docker/" + ID, Map.of("memory.usage_in_bytes", "1000"));
    assertThat(CgroupMemory.of(V1, "fedcba9876543210", root)).isEmpty();
    assertThat(CgroupMemory.of(V2, ID, root)).as("not visible here").isEmpty();
    assertThat(CgroupMemory.of(List.of(), ID, root)).isEmpty();
  }

  private Path files(String directory, Map<String, String> contents) throws IOException {
    var group = root.resolve(directory);
    for (var file : contents.entrySet()) {
      var path = group.resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
    return group;
  }
}
