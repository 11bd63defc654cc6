package dev.chowder.storage;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;

/** Opens bounded pools of connections, and says in one sentence why that is not possible. */
final class ConnectionPool {
  /** Flyway holds its lock with one and migrates with another. */
  private static final int FOR_LONG_WORK = 2;

  private ConnectionPool() {}

  /**
   * For calls: none waits longer than the settings say.
   *
   * @param name as the database's administrator sees it
   */
  static HikariDataSource open(String name, StorageSettings settings, StorageSettings.Pool pool) {
    return open(name, settings, pool, settings.limits());
  }

  /** For what an operator or a start waits for. */
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
            "database: held by another process (expected: one Chowder per storage directory)", e);
      }
      throw new StorageException(
          "database: " + StorageException.rootMessage(e) + " (expected: a database that answers)",
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
