package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the options of {@code scripts/up} for swap, without changing the swap of this host. */
@Timeout(60)
class SwapScriptTest {
  /** Sources what {@code scripts/up} sources for swap, and runs {@code $2}. */
  private static final String SCRIPT =
      """
      set -euo pipefail
      CHOWDER_CLUSTER_ID=test
      for part in common settings docker swap; do . "$1/lib/$part.sh"; done
      eval "$2"
      """;

  @TempDir Path folder;

  private record Result(int exit, String printed) {}

  private Result run(List<String> command, String... environment) throws Exception {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().remove("DOCKER_HOST");
    builder.environment().put("CHOWDER_HOME", folder.resolve("home").toString());
    builder.environment().put("CHOWDER_CACHE", folder.resolve("cache").toString());
    for (int i = 0; i < environment.length; i += 2) {
      builder.environment().put(environment[i], environment[i + 1]);
    }
    var process = builder.start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(printed).isTrue();
    return new Result(process.exitValue(), printed);
  }

  private Result function(String order, String... environment) throws Exception {
    var scripts = Path.of("..", "scripts").toRealPath().toString();
    return run(List.of("bash", "-c", SCRIPT, "swap", scripts, order), environment);
  }

  private Result up(String... arguments) throws Exception {
    var command = new ArrayList<String>(List.of("../scripts/up"));
    command.addAll(List.of(arguments));
    return run(command);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "512M, 536870912",
    "64G, 68719476736",
    "64GiB, 68719476736",
    "64GB, 68719476736",
    "2T, 2199023255552"
  })
  void aSizeIsInPowersOf1024(String size, String bytes) throws Exception {
    var result = function("swap_bytes " + size);
    assertThat(result).isEqualTo(new Result(0, bytes + "\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "64", "G", "-1G", "1.5G", "64K", "1G;id", "9999999G"})
  void anotherSizeIsRejectedBeforeAnythingStarts(String size) throws Exception {
    var result = up("--swap-file", size);
    assertThat(result.exit()).isEqualTo(1);
    assertThat(result.printed()).contains("--swap-file: must be a size such as 64G or 512M");
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void anOptionWithoutItsValueIsRejectedBeforeAnythingStarts() throws Exception {
    assertThat(up("--swap-file").printed()).contains("--swap-file: must be a size");
    assertThat(up("--at-boot", "--nodes").printed()).contains("--nodes: must be 1 to 9; got none");
    assertThat(up("--no-zram", "--new-key").printed()).contains("usage: scripts/up");
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void laterRunsKeepTheChoiceAboutZram() throws Exception {
    Files.createDirectory(folder.resolve("home"));
    var choice = folder.resolve("home/no-zram");
    assertThat(function("swap_choose_zram no").exit()).isZero();
    assertThat(choice).exists();
    assertThat(function("swap_choose_zram yes").exit()).isZero();
    assertThat(choice).doesNotExist();
  }

  /** The engine's host is another one, so this host's memory does not matter. */
  @Test
  void anEngineOnAnotherHostGetsNoSwapOfThisHost() throws Exception {
    var changes = "swap_as_root() { echo changed; }; ";
    var engine = new String[] {"DOCKER_HOST", "ssh://docker.example"};
    assertThat(function(changes + "swap_ensure ''", engine)).isEqualTo(new Result(0, ""));
    var result = function(changes + "swap_ensure 1073741824", engine);
    assertThat(result.exit()).isEqualTo(1);
    assertThat(result.printed())
        .contains("cannot be used with DOCKER_HOST=ssh://docker.example")
        .doesNotContain("changed");
  }

  @ParameterizedTest
  @CsvSource({"true, yes", "'', yes", "false, no", "off, no"})
  void zramIsSetUpOnlyIfAgentsFreeze(String freeze, String zram) throws Exception {
    var root = "can_be_root() { true; }; swap_as_root() { echo \"zram=$4\"; }; ";
    assertThat(function(root + "swap_ensure ''", "CHOWDER_FREEZE", freeze))
        .isEqualTo(new Result(0, "zram=" + zram + "\n"));
  }

  @Test
  void memoryOfAgentsGoesToADiskOnlyWithTheOperatorsConsent() throws Exception {
    var disk = "disk_swaps() { echo /dev/vda2; }; ";
    var permit = "swap_permit_disk; echo \"${CHOWDER_DISK_SWAP:-unset}\"";
    assertThat(function("disk_swaps() { :; }; " + permit)).isEqualTo(new Result(0, "unset\n"));
    var result = function(disk + permit);
    assertThat(result.exit()).isZero();
    assertThat(result.printed())
        .contains("CHOWDER_DISK_SWAP=true permits it.")
        .endsWith("\nunset\n");
    for (var chosen : List.of("true", "false")) {
      assertThat(function(disk + permit, "CHOWDER_DISK_SWAP", chosen))
          .isEqualTo(new Result(0, chosen + "\n"));
    }
    assertThat(function(disk + permit, "CHOWDER_FREEZE", "false"))
        .isEqualTo(new Result(0, "unset\n"));
    Files.createDirectories(folder.resolve("home"));
    Files.createFile(folder.resolve("home/swap-file"));
    assertThat(function(disk + permit)).isEqualTo(new Result(0, "true\n"));
  }

  @Test
  void zramWithABackingDeviceIsSwapOnADisk() throws Exception {
    Files.writeString(
        folder.resolve("swaps"), "Filename\n/dev/zram0\n/dev/zram1\n/dev/zram2\n/dev/vda2\n");
    for (var device : List.of("zram0", "zram1", "zram2")) {
      Files.createDirectories(folder.resolve("block/" + device));
    }
    Files.writeString(folder.resolve("block/zram0/backing_dev"), "none\n");
    Files.writeString(folder.resolve("block/zram1/backing_dev"), "/dev/vda3\n");
    // The kernel of zram2 cannot write pages back, so it has no such file.
    var files =
        "awk() { command awk \"$1\" \"$FAKE${2#/proc}\"; }; "
            + "cat() { command cat \"$FAKE${1#/sys}\"; }; ";
    assertThat(function(files + "disk_swaps", "FAKE", folder.toString()))
        .isEqualTo(new Result(0, "/dev/zram1\n/dev/vda2\n"));
  }

  @Test
  void aUserWhoMayNotBecomeRootIsToldOnlyIfThereIsNoSwap() throws Exception {
    var user = "can_be_root() { false; }; ";
    var result = function(user + "swap_ensure ''");
    assertThat(result.exit()).isZero();
    if (Files.readAllLines(Path.of("/proc/swaps")).size() == 1) {
      assertThat(result.printed()).contains("run it as root").hasLineCount(1);
    }
    Files.createDirectories(folder.resolve("home"));
    Files.createFile(folder.resolve("home/no-zram"));
    assertThat(function(user + "swap_ensure ''")).isEqualTo(new Result(0, ""));
    assertThat(function(user + "swap_ensure 1073741824").printed()).contains("needs root");
  }
}
