package dev.chowder.operate.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.operate.site.TestSite;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the parts that need no Docker Engine. */
@Timeout(60)
class DockerHostTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void theImageHasTheNameThatItsBuildGivesIt() throws IOException {
    var assignments = new StringBuilder();
    Pattern.compile("(?m)^IMAGE(_KEY)?=.*$")
        .matcher(Files.readString(ROOT.resolve("image/build")))
        .results()
        .forEach(line -> assignments.append(line.group()).append('\n'));
    assertThat(assignments.toString().lines()).hasSize(2);
    var name =
        Program.of(
                "bash",
                "-euc",
                ". scripts/lib/common.sh; HERE=\"$ROOT/image\"; . image/versions\n%secho \"$IMAGE\""
                    .formatted(assignments))
            .in(ROOT)
            .run()
            .text();
    assertThat(name).matches("chowder/sandbox-medium:[0-9a-f]{16}");
    assertThat(host(Map.of()).imageName()).isEqualTo(name);
  }

  @Test
  void anotherEngineNeedsNoDocker() {
    assertThat(host(Map.of()).isUsed()).isTrue();
    assertThat(host(Map.of("CHOWDER_SANDBOX_ENGINE", "docker")).isUsed()).isTrue();
    assertThat(host(Map.of("CHOWDER_SANDBOX_ENGINE", "simulated")).isUsed()).isFalse();
  }

  @Test
  void theFirstAgentNeedsMemory() {
    DockerHost.requireMemory(TestSite.in(folder, Map.of("CHOWDER_MEMORY_WANTED_MIB", "1")).site());
    var site = TestSite.in(folder, Map.of("CHOWDER_MEMORY_WANTED_MIB", "2000000000")).site();
    assertThatThrownBy(() -> DockerHost.requireMemory(site))
        .isInstanceOf(CommandException.class)
        .hasMessageMatching(
            "cannot create the first agent: it needs 2000000000 MiB of memory, and [0-9]+ MiB are"
                + " available; stop other programs and run this again");
  }

  private DockerHost host(Map<String, String> variables) {
    return new DockerHost(TestSite.in(folder, variables).site());
  }
}
