package dev.chowder.storage;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The address of the database, the credentials and the limits of its use.
 *
 * @param directory directory of a database file; created if it does not exist
 * @param url JDBC URL, without user and password
 * @param user empty for the driver's default
 * @param tables connections for Chowder's own tables
 * @param journal connections for Pekko's journal and snapshots
 * @param journalQueue maximum number of writes that wait for a connection of the journal
 */
public record StorageSettings(
    Path directory,
    String url,
    Optional<String> user,
    Optional<StoragePassword> password,
    Pool tables,
    Pool journal,
    int journalQueue,
    Limits limits) {
  /** Forbidden in a URL, because it is printed: a password, and a user before the host. */
  private static final Pattern CREDENTIALS =
      Pattern.compile("[?&;](password|user)=|//[^/?]*@", Pattern.CASE_INSENSITIVE);

  /**
   * The size of a pool of connections.
   *
   * @param size at least 1
   * @param connectionTimeOut maximum time that a caller waits for a connection
   */
  public record Pool(int size, Duration connectionTimeOut) {}

  /**
   * Timeouts of a database on the network.
   *
   * @param connect maximum time to open a connection
   * @param statement maximum time until the database cancels a statement; 0 disables this and
   *     {@code silence}
   * @param silence maximum time without a byte until the connection is closed
   */
  public record Limits(Duration connect, Duration statement, Duration silence) {
    /** Returns the limits for migrations and copies, whose statements have no time limit. */
    Limits forLongWork() {
      return new Limits(connect, Duration.ZERO, Duration.ZERO);
    }
  }

  public StorageSettings {
    Dialect.of(url);
    if (CREDENTIALS.matcher(url).find()) {
      throw new IllegalArgumentException(
          must(
              "chowder.storage.url",
              "have no user and no password (set CHOWDER_STORAGE_USER and"
                  + " CHOWDER_STORAGE_PASSWORD)"));
    }
  }

  /**
   * Reads {@code chowder.storage}, and the password from the process's environment.
   *
   * @param root the whole configuration
   */
  public static StorageSettings from(Config root) {
    return from(root, System.getenv());
  }

  static StorageSettings from(Config root, Map<String, String> environment) {
    Config storage = root.getConfig("chowder.storage");
    return new StorageSettings(
        Path.of(storage.getString("directory")),
        storage.getString("url"),
        text(storage, "user"),
        StoragePassword.find(text(storage, "password-file").map(Path::of), environment),
        new Pool(storage.getInt("pool-size"), storage.getDuration("connection-time-out")),
        new Pool(
            storage.getInt("journal-pool-size"),
            storage.getDuration("journal-connection-time-out")),
        storage.getInt("journal-queue-size"),
        new Limits(
            storage.getDuration("connect-time-out"),
            storage.getDuration("statement-time-out"),
            storage.getDuration("silence-time-out")));
  }

  /** Returns these settings with an H2 file in another directory. */
  StorageSettings inFile(Path folder) {
    return new StorageSettings(
        folder,
        "jdbc:h2:async:" + folder.resolve("chowder"),
        Optional.empty(),
        Optional.empty(),
        tables,
        journal,
        journalQueue,
        limits);
  }

  /** Returns these settings with another database. */
  public StorageSettings at(String otherUrl) {
    return new StorageSettings(
        directory, otherUrl, user, password, tables, journal, journalQueue, limits);
  }

  /** Returns whether the database admits only one process. */
  public boolean isOwnedByOneNode() {
    return dialect().isOwnedByOneNode();
  }

  Dialect dialect() {
    return Dialect.of(url);
  }

  /** Returns a text; empty if it is blank. */
  private static Optional<String> text(Config storage, String path) {
    return Optional.of(storage.getString(path)).filter(text -> !text.isBlank());
  }
}
