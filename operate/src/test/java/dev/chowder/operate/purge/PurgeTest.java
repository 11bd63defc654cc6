package dev.chowder.operate.purge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.base.ClusterNames;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PurgeTest {
  @TempDir private Path folder;

  private Purge purge() {
    return new Purge(TestSite.in(folder, Map.of()).site());
  }

  @Test
  void theStateDirectoryIsRemovedWithItsFiles() throws IOException {
    var home = Files.createDirectories(folder.resolve("home"));
    var other = Files.writeString(folder.resolve("other"), "kept");
    Files.writeString(home.resolve("cluster-id"), "test");
    Files.createDirectories(home.resolve("data/deep"));
    Files.writeString(home.resolve("data/deep/file"), "x");
    Files.createSymbolicLink(home.resolve("link"), other);
    purge().folder();
    assertThat(home).doesNotExist();
    assertThat(other).hasContent("kept");
    purge().folder();
  }

  @Test
  void aFolderOfOthersStays() throws IOException {
    var home = Files.createDirectories(folder.resolve("home"));
    assertThatThrownBy(() -> purge().folder())
        .isInstanceOf(CommandException.class)
        .hasMessageContaining("it has no file cluster-id, so scripts/up did not create it");
    assertThat(home).exists();
  }

  @Test
  void onlyCachesOfChowderAreRemoved() throws IOException {
    var cache = folder.resolve("cache");
    Files.createDirectories(cache.resolve("envoy/1.0"));
    Files.writeString(cache.resolve("apt.log"), "x");
    var other = Files.createDirectories(cache.resolve("other"));
    purge().caches();
    assertThat(cache).isDirectoryContaining(path -> path.equals(other));
    assertThat(cache.resolve("envoy")).doesNotExist();
    assertThat(cache.resolve("apt.log")).doesNotExist();
    Files.delete(other);
    purge().caches();
    assertThat(cache).doesNotExist();
    purge().caches();
  }

  @Test
  void onlyChainsOfTheInstallationAreFound() {
    var rules =
        List.of(
            "-P INPUT ACCEPT",
            "-N CHOWDER-local",
            "-N CHOWDER-local-IN",
            "-N CHOWDER-local2",
            "-N CHOWDER-local2-IN",
            "-N CHOWDER-my-local",
            "-N DOCKER-local",
            "-A INPUT -s 172.18.0.0/16 -j CHOWDER-local",
            "-A INPUT -j CHOWDER-local2");
    assertThat(Firewall.chains(rules, "local"))
        .containsExactly("CHOWDER-local", "CHOWDER-local-IN");
    assertThat(Firewall.jumps(rules, "CHOWDER-local"))
        .containsExactly(List.of("INPUT", "-s", "172.18.0.0/16", "-j", "CHOWDER-local"));
  }

  @Test
  void chainsOfALongIdAreFound() {
    var chains = ClusterNames.chains("an-installation-with-a-long-id");
    var rules = chains.stream().map(chain -> "-N " + chain).toList();
    assertThat(Firewall.chains(rules, "an-installation-with-a-long-id")).isEqualTo(chains);
  }
}
