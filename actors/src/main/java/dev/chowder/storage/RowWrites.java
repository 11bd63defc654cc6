package dev.chowder.storage;

import java.sql.SQLIntegrityConstraintViolationException;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;

/** The one guard of all read rows: an older revision never overwrites a newer one. */
final class RowWrites {
  private RowWrites() {}

  /** What the guard needs of a table; both run in one transaction. */
  interface Row {
    /** Overwrites the row where the stored revision is not newer; returns the rows written. */
    int update(Handle handle);

    /** Whether a row, then a newer one, is there. */
    boolean isThere(Handle handle);

    void insert(Handle handle);
  }

  /** Whether the row was written; false: a newer one is there. */
  static boolean upsert(Jdbi jdbi, Row row) {
    try {
      return jdbi.inTransaction(handle -> write(handle, row));
    } catch (UnableToExecuteStatementException e) {
      // Another writer inserted between our look and our insert: now there is a row to compare
      // with.
      if (!(e.getCause() instanceof SQLIntegrityConstraintViolationException)) throw e;
      return jdbi.inTransaction(handle -> write(handle, row));
    }
  }

  private static boolean write(Handle handle, Row row) {
    if (row.update(handle) > 0) return true;
    if (row.isThere(handle)) return false;
    row.insert(handle);
    return true;
  }
}
