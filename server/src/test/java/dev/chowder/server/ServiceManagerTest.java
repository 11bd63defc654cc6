package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code SystemdCheck} tests it with systemd. */
@Timeout(60)
class ServiceManagerTest {
  private static final Map<String, String> SYSTEMD = Map.of("NOTIFY_SOCKET", "/run/systemd/notify");

  @TempDir private Path folder;
  private Path program;
  private Path called;

  @BeforeEach
  void writeTheProgram() throws IOException {
    called = folder.resolve("called");
    program = folder.resolve("systemd-notify");
    Files.writeString(program, "#!/bin/sh\necho \"$@\" >'" + called + "'\nexit 1\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
  }

  @Test
  void systemdIsNotified() throws Exception {
    ServiceManager.ready(SYSTEMD, program.toString());
    assertThat(called).content().startsWith("--ready ");
  }

  @Test
  void withoutSystemdNoProgramRuns() throws Exception {
    ServiceManager.ready(Map.of(), program.toString());
    assertThat(called).doesNotExist();
  }

  @Test
  void theNodeRunsWithoutTheProgram() throws Exception {
    ServiceManager.ready(SYSTEMD, folder.resolve("none").toString());
    assertThat(called).doesNotExist();
  }
}
