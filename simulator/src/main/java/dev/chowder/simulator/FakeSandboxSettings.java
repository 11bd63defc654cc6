package dev.chowder.simulator;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The settings of the simulated engine. Only this class of the package reads configuration. {@code
 * reference.conf} has the defaults under {@code chowder.sandbox.fake}.
 *
 * @param directory where sandboxes outlive the simulator, as real containers do; empty for a
 *     temporary directory that is removed at the end
 * @param taskTime duration of a task
 * @param bootTime time from a start until {@code /readyz} returns 200
 * @param replyTime duration of one model response
 * @param memoryBytes simulated memory of the host
 * @param processBytes simulated memory of each running process
 */
public record FakeSandboxSettings(
    Optional<Path> directory,
    Duration taskTime,
    Duration bootTime,
    Duration replyTime,
    @Setting("memory") long memoryBytes,
    @Setting("process-memory") long processBytes) {

  /**
   * Reads {@code chowder.sandbox.fake} from the whole configuration. That of a node has no defaults
   * of these settings, since it loads this class from a jar.
   */
  public static FakeSandboxSettings from(Config root) {
    var defaults = ConfigFactory.defaultReference(FakeSandboxSettings.class.getClassLoader());
    return SettingsBinder.bind(
        root.withFallback(defaults), "chowder.sandbox.fake", FakeSandboxSettings.class);
  }

  /** Returns settings with a temporary directory, no delays and plenty of memory. */
  public static FakeSandboxSettings instant() {
    return new FakeSandboxSettings(
        Optional.empty(), Duration.ZERO, Duration.ZERO, Duration.ZERO, 1L << 50, 1L << 30);
  }

  /** Returns these settings with a directory that outlives the engine. */
  public FakeSandboxSettings in(Path where) {
    return new FakeSandboxSettings(
        Optional.of(where), taskTime, bootTime, replyTime, memoryBytes, processBytes);
  }
}
