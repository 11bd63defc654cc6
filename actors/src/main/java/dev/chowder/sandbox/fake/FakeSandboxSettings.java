package dev.chowder.sandbox.fake;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a fake is like; the only class of this package that reads configuration. Defaults stand in
 * {@code reference.conf} under {@code chowder.sandbox.fake}.
 *
 * @param directory where sandboxes outlive the server, as real containers would; empty: a temporary
 *     one that is removed at the end
 * @param taskTime how long a task takes
 * @param bootTime from a start until {@code /readyz} answers 200
 * @param replyTime of one model answer
 * @param memoryBytes what the host is said to have
 * @param processBytes what each running process is said to take of it
 */
public record FakeSandboxSettings(
    Optional<Path> directory,
    Duration taskTime,
    Duration bootTime,
    Duration replyTime,
    long memoryBytes,
    long processBytes) {

  /** Reads the whole configuration's {@code chowder.sandbox.fake}. */
  public static FakeSandboxSettings from(Config root) {
    Config config = root.getConfig("chowder.sandbox.fake");
    String directory = config.getString("directory");
    return new FakeSandboxSettings(
        directory.isEmpty() ? Optional.empty() : Optional.of(Path.of(directory)),
        config.getDuration("task-time"),
        config.getDuration("boot-time"),
        config.getDuration("reply-time"),
        config.getBytes("memory"),
        config.getBytes("process-memory"));
  }

  /** In a temporary directory, without any delay, with plenty of memory. */
  public static FakeSandboxSettings instant() {
    return new FakeSandboxSettings(
        Optional.empty(), Duration.ZERO, Duration.ZERO, Duration.ZERO, 1L << 50, 1L << 30);
  }

  /** The same, but what is there outlives the driver. */
  public FakeSandboxSettings in(Path where) {
    return new FakeSandboxSettings(
        Optional.of(where), taskTime, bootTime, replyTime, memoryBytes, processBytes);
  }
}
