package dev.chowder.checks.machine;

import dev.chowder.checks.Project;
import dev.chowder.checks.guest.StepReport;
import dev.chowder.program.Program;
import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A virtual machine with Debian's kernel, systemd, cgroup v2 and Docker Engine. QEMU emulates its
 * processor, since hardware virtualization does not work everywhere. It has no network, and its
 * changes to its disk are lost at the end.
 *
 * @param mebibytes its memory
 * @param reboots whether a reboot runs the program again, with the machine's changes; otherwise it
 *     ends the run, as a panic of the kernel does
 * @param limit of one run
 */
public record VirtualMachine(Project project, int mebibytes, boolean reboots, Duration limit) {
  private static final int SHOWN_LINES = 40;

  /** A busy host delays the emulated timer, which the kernel would take for a defect. */
  private static final String KERNEL_OPTIONS =
      "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=no mitigations=off apparmor=0 "
          + "no_timer_check panic=1";

  /**
   * Builds the machine if it is missing, boots it, and runs the program as root.
   *
   * @return the lines of {@link dev.chowder.checks.guest.Steps} that the program printed
   * @throws AssertionError if a step failed, or the program did not end within the limit
   */
  public StepReport check(GuestProgram program) {
    var root =
        Root.find().orElseThrow(() -> new IllegalStateException("the machine's disks need root"));
    var disk = MachineDisk.of(project, root);
    disk.ensure();
    var second = Path.of(program.folder() + ".disk");
    var output = Path.of(program.folder() + ".output");
    try {
      disk.write(program.folder(), second, "4G");
      Files.writeString(output, "");
      System.out.println("The machine writes to " + output);
      var end = boot(disk, second, output);
      var text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
      var report = StepReport.of(text);
      report.lines().forEach(System.out::println);
      if (report.passed()) return report;
      throw new AssertionError(
          "a step failed, or the machine did not end: %s\n%s".formatted(end, last(text)));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns how QEMU ended. Its exit code says nothing about the program. */
  private String boot(MachineDisk disk, Path second, Path output) {
    try {
      var result = command(disk, second, output).within(limit).attempt();
      return "QEMU ended with %d %s".formatted(result.exit(), result.lastLine());
    } catch (ProgramException late) {
      return "no end within %d s".formatted(limit.toSeconds());
    }
  }

  private Program command(MachineDisk disk, Path second, Path output) {
    return Program.of(
            "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2")
        .and("-m", String.valueOf(mebibytes), "-nodefaults", "-display", "none", "-no-reboot")
        .and("-action", "reboot=" + (reboots ? "reset" : "shutdown"), "-serial", "file:" + output)
        .and("-kernel", disk.kernel().toString(), "-initrd", disk.initrd().toString())
        .and("-append", KERNEL_OPTIONS)
        .and("-drive", "file=" + disk.file() + ",if=virtio,format=raw,snapshot=on")
        .and("-drive", "file=" + second + ",if=virtio,format=raw,readonly=on");
  }

  private static String last(String text) {
    var lines = text.lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
  }
}
