package dev.chowder.storage;

import java.sql.SQLException;
import java.util.Set;
import org.h2.mvstore.DataUtils;
import org.h2.mvstore.MVStoreException;

/**
 * Distinguishes an outage of the database (unreachable, stopping, starting or overloaded) from a
 * wrong statement: an outage ends by itself. The statement may still have been executed.
 */
public final class Outage {
  /**
   * SQL state classes: no connection, no resources, intervention by an administrator, a crash or a
   * start.
   */
  private static final Set<String> CLASSES = Set.of("08", "53", "57");

  /** Errors of the file, such as a full disk. H2 reports them only as general errors. */
  private static final Set<Integer> FILE_FAILED =
      Set.of(
          DataUtils.ERROR_READING_FAILED, DataUtils.ERROR_WRITING_FAILED, DataUtils.ERROR_CLOSED);

  /** Maximum length of a chain of causes. */
  private static final int DEPTH = 16;

  private Outage() {}

  /** Returns whether the database, or the connection to it, caused the exception. */
  public static boolean isBehind(Throwable thrown) {
    Throwable t = thrown;
    for (int depth = 0; t != null && depth < DEPTH; depth++) {
      if (t instanceof SQLException why && isTemporary(why)) return true;
      if (t instanceof MVStoreException why && FILE_FAILED.contains(why.getErrorCode())) {
        return true;
      }
      t = t.getCause();
    }
    return false;
  }

  private static boolean isTemporary(SQLException why) {
    // A pool reports by the class alone that it has no connection in time.
    if (why instanceof java.sql.SQLTransientException
        || why instanceof java.sql.SQLRecoverableException
        || why instanceof java.sql.SQLNonTransientConnectionException) {
      return true;
    }
    String state = why.getSQLState();
    return state != null && state.length() == 5 && CLASSES.contains(state.substring(0, 2));
  }
}
