package dev.chowder.bench;

import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;

/** Counts what the nodes write into their database. */
final class DatabaseWrites {
  private static final String COUNTS =
      "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables UNION ALL"
          + " SELECT 'transactions', xact_commit FROM pg_stat_database WHERE datname = current_database()";

  /** PostgreSQL's processes update their statistics once a second. */
  private static final int UPDATE_MILLIS = 2500;

  private DatabaseWrites() {}

  /**
   * Returns the rows inserted, updated and deleted so far by table, and the transactions. Waits
   * until the statistics are current.
   */
  static Map<String, Long> count(SimulatedInstallation installation)
      throws SQLException, InterruptedException {
    Thread.sleep(UPDATE_MILLIS);
    var counts = new TreeMap<String, Long>();
    try (var database = installation.database();
        var statement = database.createStatement();
        var row = statement.executeQuery(COUNTS)) {
      while (row.next()) counts.put(row.getString(1), row.getLong(2));
    }
    return counts;
  }
}
