package dev.chowder.storage;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
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

  private record Values(
      Path directory,
      String url,
      Optional<String> user,
      Optional<Path> passwordFile,
      @Setting(min = "1") int maxConnections,
      Duration connectionTimeout,
      @Setting(min = "1") int maxJournalConnections,
      Duration journalConnectionTimeout,
      int maxJournalQueue,
      Duration connectTimeout,
      Duration statementTimeout,
      Duration silenceTimeout) {}

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
    var values = SettingsBinder.bind(root, "chowder.storage", Values.class);
    return new StorageSettings(
        values.directory,
        values.url,
        values.user,
        StoragePassword.find(values.passwordFile, environment),
        new Pool(values.maxConnections, values.connectionTimeout),
        new Pool(values.maxJournalConnections, values.journalConnectionTimeout),
        values.maxJournalQueue,
        new Limits(values.connectTimeout, values.statementTimeout, values.silenceTimeout));
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
}
