package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code apt_install} of {@code common.sh} with a simulated {@code apt-get}. */
@Timeout(60)
class AptInstallTest {
  /** Fails while another one runs, as apt does. */
  private static final String APT_GET =
      """
      #!/usr/bin/env bash
      mkdir "$CHOWDER_HOME/running" || exit 100
      sleep 0.5
      printf '%s\\n' "${@: -1}" >>"$CHOWDER_HOME/installed"
      rmdir "$CHOWDER_HOME/running"
      """;

  /** Two installations at the same time, as of npm and debootstrap for the sandbox image. */
  private static final String TWO =
      """
      . "$1"
      as_root() { "$@"; }
      apt_install npm &
      apt_install debootstrap && wait "$!"
      """;

  @TempDir Path folder;

  @Test
  void installationsAtTheSameTimeWaitForEachOther() throws Exception {
    var programs = Files.createDirectory(folder.resolve("programs"));
    Files.createFile(
        programs.resolve("apt-get"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(programs.resolve("apt-get"), APT_GET);
    var common = Path.of("../scripts/lib/common.sh").toRealPath().toString();
    var builder = new ProcessBuilder("bash", "-euo", "pipefail", "-c", TWO, "install", common);
    builder.environment().put("CHOWDER_HOME", folder.toString());
    builder.environment().put("CHOWDER_CACHE", folder.resolve("cache").toString());
    builder.environment().merge("PATH", programs.toString(), (path, first) -> first + ":" + path);
    var process = builder.redirectErrorStream(true).start();
    var printed = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(printed).isTrue();
    assertThat(process.exitValue()).as(printed).isZero();
    assertThat(Files.readAllLines(folder.resolve("installed")))
        .containsExactlyInAnyOrder("npm", "debootstrap");
  }
}
