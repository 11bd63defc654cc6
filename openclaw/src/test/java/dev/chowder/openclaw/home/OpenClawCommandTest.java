package dev.chowder.openclaw.home;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs the command lines with a program that prints its arguments instead of OpenClaw. */
class OpenClawCommandTest {
  @TempDir Path home;
  @TempDir Path programs;

  @Test
  void aNewHomeNeedsNoCleanup() throws Exception {
    assertThat(boot()).isEqualTo("gateway run\n");
  }

  /** OpenClaw blocks requests while the size of the path is not 0, which is true of a folder. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBootUnblocksTheRequestsThatTheAgentBlocked(boolean folder) throws Exception {
    var file = home.resolve(OpenClawHome.WARMS_UP);
    Files.createDirectories(folder ? file.resolve("inner") : file.getParent());
    if (!folder) Files.writeString(file, "yes");
    assertThat(boot()).isEqualTo("gateway run\n");
    assertThat(file).doesNotExist();
  }

  /** Homes of earlier images have 55 MB of files that the image has as well. */
  @Test
  void aBootRemovesTheCopyOfTheControlUiButNothingBehindALink() throws Exception {
    var copy = home.resolve(OpenClawHome.CONTROL_UI_COPY);
    Files.createDirectories(copy.resolve("generation"));
    var linked = Files.createDirectories(home.resolve("own")).resolve("file");
    Files.writeString(linked, "own");
    Files.createSymbolicLink(copy.resolve("link"), linked.getParent());
    assertThat(boot()).isEqualTo("gateway run\n");
    assertThat(copy).doesNotExist();
    assertThat(linked).exists();
  }

  /** Returns the output of a boot. */
  private String boot() throws Exception {
    Files.writeString(
        Files.createFile(
            programs.resolve("openclaw"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))),
        "#!/bin/sh\necho \"$@\"\n");
    var builder = new ProcessBuilder(OpenClawHome.GATEWAY_COMMAND).redirectErrorStream(true);
    builder.environment().put("HOME", home.toString());
    builder.environment().merge("PATH", programs.toString(), (path, own) -> own + ":" + path);
    var process = builder.start();
    var output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return output;
  }
}
