package dev.chowder.operate.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the operator's choices for swap, without changing the swap of this host. */
@Timeout(60)
class SwapTest {
  private static final String NO_SWAP = "Filename\tType\tSize\tUsed\tPriority\n";
  private static final OptionalLong GIB = OptionalLong.of(1L << 30);

  @TempDir private Path folder;

  /** Orders to the part that runs as root. */
  private final List<List<String>> changes = new ArrayList<>();

  @BeforeEach
  void createTheStateDirectory() throws IOException {
    Files.createDirectories(folder.resolve("home"));
    swaps("");
  }

  private void swaps(String lines) throws IOException {
    Files.writeString(folder.resolve("swaps"), NO_SWAP + lines);
  }

  private ActiveSwap active() {
    return new ActiveSwap(folder, folder);
  }

  private Swap asRoot(Site site) {
    return new Swap(site, () -> Optional.of(changes::add), active());
  }

  private Swap asUser(Site site) {
    return new Swap(site, Optional::empty, active());
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
  void aSizeIsInPowersOf1024(String size, long bytes) {
    assertThat(Swap.bytes(size)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "64", "G", "-1G", "1.5G", "64K", "1G;id", "9999999G"})
  void anotherSizeIsRejected(String size) {
    assertThatThrownBy(() -> Swap.bytes(size))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("--swap-file: must be a size such as 64G or 512M");
  }

  @Test
  void laterRunsKeepTheChoiceAboutZram() {
    var swap = asRoot(TestSite.in(folder, Map.of()).site());
    var choice = folder.resolve("home/no-zram");
    swap.chooseZram(false);
    assertThat(choice).exists();
    swap.ensure(OptionalLong.empty());
    swap.chooseZram(true);
    assertThat(choice).doesNotExist();
    swap.ensure(OptionalLong.empty());
    assertThat(changes).extracting(words -> words.get(3)).containsExactly("no", "yes");
  }

  /** The engine's host is another one, so this host's memory does not matter. */
  @Test
  void anEngineOnAnotherHostGetsNoSwapOfThisHost() {
    var site = TestSite.in(folder, Map.of("DOCKER_HOST", "ssh://docker.example"));
    var swap = asRoot(site.site());
    swap.ensure(OptionalLong.empty());
    assertThat(site.messages()).isEmpty();
    assertThatThrownBy(() -> swap.ensure(GIB))
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("cannot be used with DOCKER_HOST=ssh://docker.example");
    assertThat(changes).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"true, yes", "'', yes", "false, no", "off, no"})
  void zramIsSetUpOnlyIfAgentsFreeze(String freeze, String zram) {
    var site = TestSite.in(folder, Map.of("CHOWDER_FREEZE", freeze));
    asRoot(site.site()).ensure(OptionalLong.empty());
    assertThat(changes)
        .containsExactly(List.of("ensure", "test", folder.resolve("home").toString(), zram));
    assertThat(site.messages()).isEmpty();
  }

  @Test
  void onlyANewSizeOfTheFileFailsTheStart() {
    var site = TestSite.in(folder, Map.of());
    var swap =
        new Swap(
            site.site(),
            () ->
                Optional.of(
                    words -> {
                      changes.add(words);
                      throw ExitCode.FAILED.failure("cannot plant: it failed");
                    }),
            active());
    swap.ensure(OptionalLong.empty());
    assertThat(site.messages()).isEqualTo("cannot plant: it failed.\n");
    assertThatThrownBy(() -> swap.ensure(GIB)).hasMessage("cannot plant: it failed");
    assertThat(changes.getLast()).endsWith("yes", "1073741824");
  }

  @Test
  void memoryOfAgentsGoesToADiskOnlyWithTheOperatorsConsent() throws IOException {
    assertThat(permitted(Map.of())).isEqualTo("unset");
    swaps("/dev/vda2 partition 1048572 0 -2\n");
    var told = TestSite.in(folder, Map.of());
    var site = told.site();
    asRoot(site).permitDisk();
    assertThat(told.messages()).contains("CHOWDER_DISK_SWAP=true permits it.").hasLineCount(1);
    assertThat(site.variables().find("CHOWDER_DISK_SWAP")).isEmpty();
    for (var chosen : List.of("true", "false")) {
      assertThat(permitted(Map.of("CHOWDER_DISK_SWAP", chosen))).isEqualTo(chosen);
    }
    assertThat(permitted(Map.of("CHOWDER_FREEZE", "false"))).isEqualTo("unset");
    Files.createFile(folder.resolve("home/swap-file"));
    assertThat(permitted(Map.of())).isEqualTo("true");
  }

  /** Returns the variable of the server, and expects no message. */
  private String permitted(Map<String, String> variables) {
    var told = TestSite.in(folder, variables);
    var site = told.site();
    asRoot(site).permitDisk();
    assertThat(told.messages()).isEmpty();
    return site.variables().find("CHOWDER_DISK_SWAP").orElse("unset");
  }

  @Test
  void zramWithABackingDeviceIsSwapOnADisk() throws IOException {
    Files.writeString(
        folder.resolve("swaps"), "Filename\n/dev/zram0\n/dev/zram1\n/dev/zram2\n/dev/vda2\n");
    for (var device : List.of("zram0", "zram1", "zram2")) {
      Files.createDirectories(folder.resolve("block/" + device));
    }
    Files.writeString(folder.resolve("block/zram0/backing_dev"), "none\n");
    Files.writeString(folder.resolve("block/zram1/backing_dev"), "/dev/vda3\n");
    // The kernel of zram2 cannot write pages back, so it has no such file.
    assertThat(active().onDisk()).containsExactly(Path.of("/dev/zram1"), Path.of("/dev/vda2"));
  }

  @Test
  void theKernelWritesABlankInOctal() throws IOException {
    swaps("/opt/b\\040b/swap-file file 65532 12 -2\n");
    var file = Path.of("/opt/b b/swap-file");
    assertThat(active().usedKib(file)).hasValue(12);
    assertThat(active().usedKib(Path.of("/opt/b"))).isEmpty();
  }

  @Test
  void aUserWhoMayNotBecomeRootIsToldOnlyIfThereIsNoSwap() throws IOException {
    var told = TestSite.in(folder, Map.of());
    var swap = asUser(told.site());
    swap.ensure(OptionalLong.empty());
    assertThat(told.messages()).contains("run it as root").hasLineCount(1);
    told.said().reset();
    swaps("/dev/zram0 partition 1048572 0 100\n");
    swap.ensure(OptionalLong.empty());
    assertThat(told.messages()).isEmpty();
    swaps("");
    Files.createFile(folder.resolve("home/no-zram"));
    swap.ensure(OptionalLong.empty());
    assertThat(told.messages()).isEmpty();
    assertThatThrownBy(() -> swap.ensure(GIB)).hasMessageContaining("needs root");
  }

  @Test
  void onlyAnInstallationWithSwapIsReleased() throws IOException {
    var site = TestSite.in(folder, Map.of()).site();
    asRoot(site).purge();
    assertThat(changes).isEmpty();
    Files.createFile(folder.resolve("home/swap-file"));
    assertThatThrownBy(() -> asUser(site).purge()).hasMessageContaining("that needs root");
    asRoot(site).purge();
    assertThat(changes)
        .containsExactly(List.of("release", "test", folder.resolve("home").toString()));
  }

  @Test
  void zramTakesLessMemoryBesideASwapFile() {
    long memory = 1L << 30;
    var alone = Zram.Size.of(memory, false);
    assertThat(alone.limit()).isEqualTo(memory * 80 / 100 / 4096 * 4096);
    assertThat(alone.disk()).isBetween(memory * 2 - 4 * 4096, memory * 2);
    assertThat(Zram.Size.of(memory, true).limit()).isEqualTo(memory / 4);
  }
}
