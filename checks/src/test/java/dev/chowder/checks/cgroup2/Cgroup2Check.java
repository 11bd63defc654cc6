package dev.chowder.checks.cgroup2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.checks.Project;
import dev.chowder.checks.WorkFolder;
import dev.chowder.checks.machine.GuestProgram;
import dev.chowder.checks.machine.VirtualMachine;
import dev.chowder.cli.output.Notices;
import dev.chowder.operate.swap.SwapCommand;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Checks what depends on the version of control groups, in a virtual machine with cgroup v2: the
 * swap that {@code scripts/up} sets up, and moving the memory of frozen containers to swap and back
 * with Chowder's code. Needs root, and some minutes. Does not change the swap of this host.
 */
class Cgroup2Check {
  private static final int MEBIBYTES = 1536;
  private static final Duration LIMIT = Duration.ofMinutes(30);
  private static final Duration LINK_LIMIT = Duration.ofMinutes(5);

  private final Project project = Project.here();

  @Test
  void swapIsSetUpOnceForAllInstallations() throws IOException {
    check("swap");
  }

  @Test
  void theMemoryOfAFrozenContainerGoesToSwapAndBack() throws IOException {
    check("pageout");
  }

  private void check(String name) throws IOException {
    try (var work = WorkFolder.create("chowder-cgroup2")) {
      var folder = Files.createDirectories(work.path().resolve("check"));
      linkJava(folder.resolve("java"));
      var guest = new GuestProgram(folder, "/check/java/bin/java");
      guest.set(
          Cgroup2Guest.class,
          List.of(
              Program.class.getName(),
              SwapProgram.class.getName(),
              SwapCommand.class.getName(),
              Notices.class.getName(),
              "dev.chowder.sandbox.docker.DockerSleep",
              "dev.chowder.sandbox.docker.SleepingGroup",
              "org.slf4j.Logger"),
          name);
      var report = new VirtualMachine(project, MEBIBYTES, false, LIMIT).check(guest);
      assertThat(report.passed()).isTrue();
    }
  }

  /** The machine has no Java. */
  private static void linkJava(Path folder) {
    var jlink = Path.of(System.getProperty("java.home"), "bin", "jlink").toString();
    var _ =
        Program.of(jlink, "--add-modules", "java.se,jdk.unsupported", "--strip-debug")
            .and("--no-header-files", "--no-man-pages", "--output", folder.toString())
            .within(LINK_LIMIT)
            .run();
  }
}
