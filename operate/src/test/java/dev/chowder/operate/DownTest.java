package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.operate.site.TestSite;
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
  void downKeepsTheData() {
    var site = TestSite.in(folder, Map.of("DOCKER_HOST", "unix:///nonexistent")).site();
    site.ensureState();
    new Down(site).stop();
    assertThat(site.text("cluster-id")).contains("test");
  }

  @Test
  void aFolderThatIsNoInstallationStaysAsItIs() throws IOException {
    var site = TestSite.in(folder, Map.of()).site();
    Files.createDirectories(site.home());
    new Down(site).stop();
    new Down(site).purge(false);
    assertThat(site.home()).isEmptyDirectory();
  }
}
