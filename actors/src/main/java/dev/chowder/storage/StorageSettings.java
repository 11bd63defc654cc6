package dev.chowder.storage;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where the database lies, who we are to it, and how much of it we may take.
 *
 * @param directory made when it is not there; a database in a file lies in it
 * @param url JDBC; without user and password
 * @param user absent: the driver's default
 * @param tables for our own tables
 * @param journal for Pekko's journal and snapshots
 * @param journalQueue writes that may wait for one of the journal's connections
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
  /** What may not stand in a URL, which is printed: a password, and a user before the host. */
  private static final Pattern CREDENTIALS =
      Pattern.compile("[?&;](password|user)=|//[^/?]*@", Pattern.CASE_INSENSITIVE);

  /**
   * Connections.
   *
   * @param size at least 1
   * @param connectionTimeOut how long a caller waits for one
   */
  public record Pool(int size, Duration connectionTimeOut) {}

  /**
   * How long a database on the network may keep a caller waiting.
   *
   * @param connect until a connection is made
   * @param statement until the database itself gives a statement up; zero: for ever, and then
   *     silence has no limit either
   * @param silence without a byte until the connection is given up
   */
  public record Limits(Duration connect, Duration statement, Duration silence) {
    /** For migrations and copies, which may take their time. */
    Limits forLongWork() {
      return new Limits(connect, Duration.ZERO, Duration.ZERO);
    }
  }

  public StorageSettings {
    Dialect.of(url);
    if (CREDENTIALS.matcher(url).find()) {
      throw new IllegalArgumentException(
          "chowder.storage.url: holds a user or a password (expected: neither, but"
              + " CHOWDER_STORAGE_USER and CHOWDER_STORAGE_PASSWORD)");
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

  /** A file of H2 in another directory; the same in all else. */
  StorageSettings inFile(Path place) {
    return new StorageSettings(
        place,
        "jdbc:h2:async:" + place.resolve("chowder"),
        Optional.empty(),
        Optional.empty(),
        tables,
        journal,
        journalQueue,
        limits);
  }

  /** Another database, for the same user; the same in all else. */
  public StorageSettings at(String otherUrl) {
    return new StorageSettings(
        directory, otherUrl, user, password, tables, journal, journalQueue, limits);
  }

  /** Whether the database admits only one process. */
  public boolean isOwnedByOneNode() {
    return dialect().isOwnedByOneNode();
  }

  Dialect dialect() {
    return Dialect.of(url);
  }

  /** Empty is absent. */
  private static Optional<String> text(Config storage, String path) {
    return Optional.of(storage.getString(path)).filter(text -> !text.isBlank());
  }
}
