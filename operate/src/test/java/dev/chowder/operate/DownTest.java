package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.command.Environment;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
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
    down(site);
    assertThat(site.text("cluster-id")).contains("test");
  }

  @Test
  void aFolderThatIsNoInstallationStaysAsItIs() throws IOException {
    var site = TestSite.in(folder, Map.of()).site();
    Files.createDirectories(site.home());
    down(site);
    down(site, "--purge");
    assertThat(site.home()).isEmptyDirectory();
  }

  private static void down(Site site, String... options) {
    var invocation = new Invocation(site, Environment.silent(Map.of()));
    var words = Stream.concat(Stream.of("down"), Stream.of(options)).toArray(String[]::new);
    assertThat(OperateRun.of(invocation, words)).isZero();
  }
}
