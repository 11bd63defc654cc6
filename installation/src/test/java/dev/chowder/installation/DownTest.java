package dev.chowder.installation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.installation.simulator.SimulatedJvm;
import dev.chowder.installation.simulator.Simulator;
import dev.chowder.installation.site.StateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the stop of an installation without nodes. */
@Timeout(120)
class DownTest {
  @TempDir private Path folder;

  @Test
  void downStopsTheSimulatorAndKeepsTheData() throws IOException {
    var jvm = SimulatedJvm.in(folder);
    var site = jvm.site("app", Map.of("DOCKER_HOST", "unix:///nonexistent"));
    StateDirectory.ensure(site);
    new Simulator(site).ensure();
    new Down(site).stop();
    assertThat(jvm.ends()).hasSize(1).isEqualTo(jvm.starts());
    assertThat(site.text("cluster-id")).contains("test");
  }

  @Test
  void aFolderThatIsNoInstallationStaysAsItIs() throws IOException {
    var site = SimulatedJvm.in(folder).site("app", Map.of());
    Files.createDirectories(site.home());
    new Down(site).stop();
    new Down(site).purge(false);
    assertThat(site.home()).isEmptyDirectory();
  }
}
