package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Writes to files of this host's kernel that belong to root, directly or through {@code sudo} if it
 * requires no password. A child process writes, because only killing it ends a write that the
 * kernel works on for seconds. Only root can kill the child of {@code sudo}, so a second {@code
 * sudo kill} does it. If the host hides processes of root, {@code timeout} ends it at the limit.
 */
final class KernelFile {
  private static final List<String> SUDO = List.of("sudo", "-n");

  private KernelFile() {}

  /**
   * Writes one value.
   *
   * @return why the kernel or {@code sudo} rejected it; empty if the kernel accepted all of it
   */
  static Optional<String> write(Path file, String value, Duration limit)
      throws InterruptedException {
    return write(isWritable(file) ? List.of() : SUDO, file, value, limit);
  }

  /**
   * Returns whether this process may write, also by a capability. {@code Files.isWritable} ignores
   * the capabilities of a process that is not root. Opening a file of the kernel changes nothing.
   */
  private static boolean isWritable(Path file) {
    try (var _ = FileChannel.open(file, StandardOpenOption.WRITE)) {
      return true;
    } catch (IOException notPermitted) {
      return false;
    }
  }

  /**
   * Writes one value.
   *
   * @param asRoot the command that runs its arguments as root; empty to write directly
   */
  static Optional<String> write(List<String> asRoot, Path file, String value, Duration limit)
      throws InterruptedException {
    var command = new ArrayList<>(asRoot);
    if (!asRoot.isEmpty()) command.addAll(List.of("timeout", "-s", "KILL", seconds(limit)));
    command.addAll(List.of("tee", file.toString()));
    Process process;
    try {
      process = new ProcessBuilder(command).redirectOutput(Redirect.DISCARD).start();
    } catch (IOException missing) {
      return Optional.of(String.valueOf(missing.getMessage()));
    }
    try (OutputStream stdin = process.getOutputStream()) {
      stdin.write(value.getBytes(StandardCharsets.UTF_8));
    } catch (IOException ended) {
      // The command did not read its input. Its output has the reason.
    }
    try (var errors = process.getErrorStream()) {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        return Optional.of("it did not end within " + limit.toMillis() + " ms");
      }
      return process.exitValue() == 0
          ? Optional.empty()
          : Optional.of(new String(errors.readAllBytes(), StandardCharsets.UTF_8).strip());
    } catch (IOException broken) {
      return Optional.of(String.valueOf(broken.getMessage()));
    } finally {
      end(process, asRoot);
    }
  }

  /** Kills the command if it still runs. */
  static void end(Process process, List<String> asRoot) {
    // Another process can have the id of one that ended.
    if (!process.isAlive()) return;
    List<String> children = process.descendants().map(child -> Long.toString(child.pid())).toList();
    process.destroyForcibly();
    if (children.isEmpty()) return;
    var command = new ArrayList<>(asRoot);
    command.addAll(List.of("sh", "-c", "kill -KILL \"$@\"", "sh"));
    command.addAll(children);
    try {
      var _ =
          new ProcessBuilder(command)
              .redirectOutput(Redirect.DISCARD)
              .redirectError(Redirect.DISCARD)
              .start();
    } catch (IOException late) {
      // The command ends at its limit.
    }
  }

  private static String seconds(Duration limit) {
    return "%d.%03d".formatted(limit.toSeconds(), limit.toMillisPart());
  }
}
