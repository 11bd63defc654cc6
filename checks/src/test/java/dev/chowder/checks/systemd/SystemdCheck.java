package dev.chowder.checks.systemd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.checks.Project;
import dev.chowder.checks.WorkFolder;
import dev.chowder.checks.machine.GuestProgram;
import dev.chowder.checks.machine.VirtualMachine;
import dev.chowder.checks.page.Page;
import dev.chowder.checks.release.Releases;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * Checks the systemd units of a release in a virtual machine, with simulated sandboxes: installs
 * them with the commands of {@code docs/operations/install.md}, creates an agent, kills the server,
 * upgrades, reboots the machine, and deletes the agent. Needs root, and up to 20 minutes.
 */
class SystemdCheck {
  /** The server and Envoy need more memory than other checks. */
  private static final int MEBIBYTES = 3072;

  private static final Duration LIMIT = Duration.ofMinutes(40);

  private final Project project = Project.here();

  @Test
  void theUnitsOfAReleaseRunAsThePageDescribes() throws IOException {
    try (var work = WorkFolder.create("chowder-systemd")) {
      var folder = Files.createDirectory(work.path().resolve("check"));
      var release = Releases.unpack(work.path().resolve("check/release"));
      assertThat(release.resolve("deploy/systemd")).isDirectory();
      var _ = Program.of("cp", "-a", simulator(), folder.resolve("simulator").toString()).run();
      var guest = new GuestProgram(folder, "/check/release/runtime/bin/java");
      writeCommands(guest);
      guest.set(
          SystemdGuest.class,
          List.of(
              Program.class.getName(),
              "com.fasterxml.jackson.databind.ObjectMapper",
              "com.fasterxml.jackson.core.JsonFactory",
              "com.fasterxml.jackson.annotation.JsonCreator"));
      // Others than root must read the copy.
      var _ = Program.of("chmod", "-R", "go+rX", folder.toString()).run();
      var report = new VirtualMachine(project, MEBIBYTES, true, LIMIT).check(guest);
      assertThat(report.passed()).isTrue();
    }
  }

  private void writeCommands(GuestProgram guest) throws IOException {
    var page = Page.read(project.file("docs/operations/install.md"));
    guest.write("install", page.commands("# Install the units\n"));
    guest.write("start", page.commands("# Start the units\n"));
    guest.write("swap", page.commands("# Install the units for swap\n"));
    guest.write("admin", page.commands("# Define the command of operators\n"));
    guest.write("organization", page.commands("# Create an organization\n"));
    guest.write("settings", settings());
  }

  private static String settings() throws IOException {
    try (var in = SystemdGuest.class.getResourceAsStream("settings")) {
      return new String(
          Objects.requireNonNull(in).readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }
  }

  /** Builds the simulator as the scripts do, and returns its folder. */
  private String simulator() {
    var script =
        "set -euo pipefail; for part in common java build; do . \"$0/$part.sh\"; done; "
            + "build_ensure >&2; echo \"$APP/simulator\"";
    return Program.of("bash", "-c", script, project.file("scripts/lib").toString())
        .within(Duration.ofMinutes(30))
        .run()
        .text();
  }
}
