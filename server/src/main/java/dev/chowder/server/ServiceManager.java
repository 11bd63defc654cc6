package dev.chowder.server;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notifies systemd that the node serves calls, if systemd started it as a unit of {@code
 * Type=notify}. Units that are ordered after the node start only then.
 */
final class ServiceManager {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceManager.class);
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private ServiceManager() {}

  /**
   * Reports that the node is ready. Does nothing without a service manager. Runs a program, since
   * Java has no datagram sockets of the family {@code AF_UNIX}.
   *
   * @param environment variables of this process
   * @param program path or name of {@code systemd-notify}
   */
  static void ready(Map<String, String> environment, String program) throws InterruptedException {
    if (environment.getOrDefault("NOTIFY_SOCKET", "").isEmpty()) return;
    try {
      var process =
          new ProcessBuilder(program, "--ready", "--status=The node serves calls")
              .inheritIO()
              .start();
      if (process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        if (process.exitValue() != 0) warn("exit code " + process.exitValue());
      } else {
        process.destroyForcibly();
        warn("it did not end within " + LIMIT.toSeconds() + " s");
      }
    } catch (IOException missing) {
      warn(String.valueOf(missing.getMessage()));
    }
  }

  private static void warn(String why) {
    LOG.warn(
        "cannot notify systemd that the node is ready: systemd-notify: {}; systemd stops the node"
            + " after TimeoutStartSec",
        why);
  }
}
