package dev.chowder.remote;

import static dev.chowder.base.ErrorText.must;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The limits of an engine in another process. {@code reference.conf} has the defaults and their
 * reasons under {@code chowder.sandbox.remote}.
 *
 * @param socket path of the engine's Unix domain socket; empty if this node uses another engine
 * @param callTimeout limit of a call beyond the time that the call itself allows
 * @param stallTimeout maximum time without progress of a call for files
 * @param keepAliveInterval time after which an idle connection is checked
 * @param keepAliveTimeout time after which a connection that does not confirm counts as broken
 * @param maxReconnectDelay maximum delay before the connection and the watch are opened again
 * @param isolationCheckInterval time between two queries whether sandboxes are isolated
 * @param maxMessageBytes size of one message
 * @param maxFilesBytes size of all files that one call of {@code writeFiles} has
 * @param maxSandboxes maximum number of sandboxes that the engine lists
 * @param maxConcurrentCalls maximum number of concurrent calls of one connection
 * @param maxWaitingEvents maximum number of events that wait for a slow client
 */
public record RemoteSettings(
    Optional<Path> socket,
    @Setting(min = "100ms") Duration callTimeout,
    @Setting(min = "100ms") Duration stallTimeout,
    @Setting(min = "10s") Duration keepAliveInterval,
    @Setting(min = "100ms") Duration keepAliveTimeout,
    @Setting(min = "100ms") Duration maxReconnectDelay,
    Duration isolationCheckInterval,
    @Setting(min = "4 MiB") int maxMessageBytes,
    @Setting(min = "1") long maxFilesBytes,
    @Setting(min = "1") int maxSandboxes,
    @Setting(min = "1") int maxConcurrentCalls,
    @Setting(min = "1") int maxWaitingEvents) {

  /** The address of a socket has 108 bytes, and a server binds in a folder beside its socket. */
  private static final int MAX_PATH_BYTES = 90;

  private static final String PATH = "chowder.sandbox.remote";

  public RemoteSettings {
    var length =
        socket.map(path -> path.toAbsolutePath().toString().getBytes(UTF_8).length).orElse(0);
    if (length > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          must(
              PATH + ".socket",
              "have at most " + MAX_PATH_BYTES + " bytes as an absolute path",
              length));
    }
  }

  /** Reads the settings from the whole configuration. */
  public static RemoteSettings of(Config root) {
    return SettingsBinder.bind(root, PATH, RemoteSettings.class);
  }

  /**
   * Returns the path of the socket.
   *
   * @throws IllegalArgumentException if it is not set
   */
  Path requiredSocket() {
    return socket.orElseThrow(
        () -> new IllegalArgumentException(must(PATH + ".socket", "be set for a remote engine")));
  }
}
