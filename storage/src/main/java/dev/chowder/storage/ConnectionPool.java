package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;

/** Opens bounded pools of connections. If that fails, the message states the reason. */
final class ConnectionPool {
  /** Flyway holds its lock with one connection and migrates with the other. */
  private static final int FOR_LONG_WORK = 2;

  private ConnectionPool() {}

  /**
   * Opens a pool for calls, which wait at most as long as the settings allow.
   *
   * @param name the name that the database's administrator sees
   */
  static HikariDataSource open(String name, StorageSettings settings, StorageSettings.Pool pool) {
    return open(name, settings, pool, settings.limits());
  }

  /** Opens a pool for migrations and copies, whose statements have no time limit. */
  static HikariDataSource openForLongWork(String name, StorageSettings settings) {
    var pool = new StorageSettings.Pool(FOR_LONG_WORK, settings.tables().connectionTimeOut());
    return open(name, settings, pool, settings.limits().forLongWork());
  }

  private static HikariDataSource open(
      String name,
      StorageSettings settings,
      StorageSettings.Pool pool,
      StorageSettings.Limits limits) {
    HikariConfig config = new HikariConfig();
    config.setPoolName(name);
    config.setJdbcUrl(settings.url());
    settings.dialect().authenticate(config, settings);
    config.setMaximumPoolSize(pool.size());
    config.setConnectionTimeout(pool.connectionTimeOut().toMillis());
    settings.dialect().limit(config, limits);
    try {
      return new HikariDataSource(config);
    } catch (RuntimeException e) {
      if (isHeldByAnother(settings.dialect(), e)) {
        throw new StorageException(
            cannot(
                "open the database",
                "another process uses it",
                "give each Chowder its own storage directory"),
            e);
      }
      throw new StorageException(
          cannot(
              "connect to the database",
              StorageException.rootMessage(e),
              "check the database and CHOWDER_STORAGE_URL"),
          e);
    }
  }

  private static boolean isHeldByAnother(Dialect dialect, Throwable thrown) {
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      if (t instanceof SQLException why && dialect.isHeldByAnother(why)) return true;
    }
    return false;
  }
}
