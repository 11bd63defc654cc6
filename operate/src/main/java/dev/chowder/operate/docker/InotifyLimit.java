package dev.chowder.operate.docker;

import dev.chowder.program.Root;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Raises the number of inotify instances that one user of this host may have. Each gateway takes
 * one, and the gateways of images of 0.1.0 belong to one user of the host.
 *
 * @param file the kernel's file of the limit
 * @param root returns how to run programs as root; empty if this user may not
 * @param say prints a line for the operator
 */
public record InotifyLimit(Path file, Supplier<Optional<Root>> root, Consumer<String> say) {
  /** The kernel's default is 128. Each instance takes less than 1 KiB of the kernel's memory. */
  private static final int WANTED = 8192;

  private static final String NAME = "fs.inotify.max_user_instances";

  /** Returns the limit of this host. */
  public static InotifyLimit ofHost(Consumer<String> say) {
    return new InotifyLimit(Path.of("/proc/sys/fs/inotify/max_user_instances"), Root::find, say);
  }

  /** Raises a lower limit until the next reboot. Never lowers it. */
  public void ensure() {
    int before = read();
    if (before == 0 || before >= WANTED) return;
    boolean raised =
        root.get()
            .filter(
                one ->
                    one.run(
                            "sh",
                            "-c",
                            "echo \"$1\" >\"$0\"",
                            file.toString(),
                            String.valueOf(WANTED))
                        .succeeds())
            .isPresent();
    if (raised) {
      say.accept("Raised %s from %d to %d until the next reboot.".formatted(NAME, before, WANTED));
    } else {
      say.accept(
          "WARNING: %s is %d, and each agent takes one. More agents than that fail to start. Run as root: sysctl -w %s=%d"
              .formatted(NAME, before, NAME, WANTED));
    }
  }

  /** Returns the limit; 0 if this host does not tell it. */
  private int read() {
    try {
      return Integer.parseInt(Files.readString(file).strip());
    } catch (IOException | NumberFormatException unknown) {
      return 0;
    }
  }
}
