package dev.chowder.storage;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Where the database lies and how many connections our own tables may use.
 *
 * @param directory made when it is not there
 * @param url JDBC; its database lies in {@code directory} unless it was set to another one
 * @param poolSize connections, at least 1
 * @param connectionTimeOut how long a caller waits for a connection
 */
public record StorageSettings(
    Path directory, String url, int poolSize, Duration connectionTimeOut) {

  /**
   * Reads {@code chowder.storage}.
   *
   * @param root the whole configuration
   */
  public static StorageSettings from(Config root) {
    Config storage = root.getConfig("chowder.storage");
    return new StorageSettings(
        Path.of(storage.getString("directory")),
        storage.getString("url"),
        storage.getInt("pool-size"),
        storage.getDuration("connection-time-out"));
  }
}
