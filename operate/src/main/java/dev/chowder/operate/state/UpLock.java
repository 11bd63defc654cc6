package dev.chowder.operate.state;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * The lock of a state directory, {@code up.lock}, which commands take while they change the
 * installation. The lock ends with the process at the latest.
 */
public final class UpLock {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private UpLock() {}

  /**
   * Takes the lock of a state directory, which must exist.
   *
   * @throws CommandException if another process has had it for 5 s
   */
  public static Flock take(Path home) {
    return take(home, LIMIT);
  }

  static Flock take(Path home, Duration limit) {
    try {
      return Flock.take(home.resolve("up.lock"), limit)
          .orElseThrow(
              () ->
                  ExitCode.CONFLICT.failure(
                      "another command is running for %s: wait until it has finished"
                          .formatted(home)));
    } catch (IOException unusable) {
      if (!Files.isDirectory(home)) {
        throw ExitCode.CONFLICT.failure(
            "another command has removed %s meanwhile: run this again".formatted(home), unusable);
      }
      throw ExitCode.USAGE.failure(
          unusable.getMessage() + "; run this as the user of the installation", unusable);
    }
  }
}
