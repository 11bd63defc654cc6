package dev.chowder.storage;

import java.sql.SQLException;
import java.util.Set;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;

/**
 * Tells a database that is away, going, coming or overrun from a question that was wrong: the
 * former passes by itself. What was asked may have been done all the same.
 */
public final class Outage {
  /** No connection; no resources; an administrator, a crash or a start in between. */
  private static final Set<String> CLASSES = Set.of("08", "53", "57");

  /** A full disk, for example, of which H2 says no more than that it is a general error. */
  private static final Set<Integer> FILE_FAILED =
      Set.of(
          DataUtils.ERROR_READING_FAILED, DataUtils.ERROR_WRITING_FAILED, DataUtils.ERROR_CLOSED);

  /** In a chain of causes. */
  private static final int DEPTH = 16;

  private Outage() {}

  /** Whether the database, or the way to it, is why this was thrown. */
  public static boolean isBehind(Throwable thrown) {
    Throwable t = thrown;
    for (int depth = 0; t != null && depth < DEPTH; depth++) {
      if (t instanceof SQLException why && passes(why)) return true;
      if (t instanceof MVStoreException why && FILE_FAILED.contains(why.getErrorCode())) {
        return true;
      }
      t = t.getCause();
    }
    return false;
  }

  private static boolean passes(SQLException why) {
    // A pool that has no connection in time says so by its class alone.
    if (why instanceof java.sql.SQLTransientException
        || why instanceof java.sql.SQLRecoverableException
        || why instanceof java.sql.SQLNonTransientConnectionException) {
      return true;
    }
    String state = why.getSQLState();
    return state != null && state.length() == 5 && CLASSES.contains(state.substring(0, 2));
  }
}
