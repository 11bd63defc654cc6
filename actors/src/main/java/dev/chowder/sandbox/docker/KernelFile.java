package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Writes to files of this host's kernel that belong to root, directly or through {@code sudo} if it
 * requires no password. A child process writes, because only killing it ends a write that the
 * kernel works on for seconds. Only root can kill the child of {@code sudo}, so {@code timeout}
 * ends it at the limit, also if the caller was interrupted before.
 */
final class KernelFile {
  private KernelFile() {}

  /**
   * Writes one value.
   *
   * @return why the kernel or {@code sudo} rejected it; empty if the kernel accepted all of it
   */
  static Optional<String> write(Path file, String value, Duration limit)
      throws InterruptedException {
    List<String> command =
        Files.isWritable(file)
            ? List.of("tee", file.toString())
            : List.of(
                "sudo", "-n", "timeout", "-s", "KILL", seconds(limit), "tee", file.toString());
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
      process.destroyForcibly();
    }
  }

  private static String seconds(Duration limit) {
    return "%d.%03d".formatted(limit.toSeconds(), limit.toMillisPart());
  }
}
