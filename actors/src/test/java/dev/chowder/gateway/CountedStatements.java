package dev.chowder.gateway;

import dev.chowder.storage.Database;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.StatementContext;

/** Counts the statements that a database executes. */
public final class CountedStatements implements SqlLogger {
  private final AtomicInteger count = new AtomicInteger();

  public CountedStatements(Database database) {
    database.jdbi().setSqlLogger(this);
  }

  @Override
  public void logAfterExecution(StatementContext statement) {
    count.incrementAndGet();
  }

  /** Returns the number of statements since the last call. */
  public int count() {
    return count.getAndSet(0);
  }
}
