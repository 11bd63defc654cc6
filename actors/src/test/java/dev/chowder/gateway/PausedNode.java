package dev.chowder.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.storage.Database;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jdbi.v3.core.statement.SqlLogger;
import org.jdbi.v3.core.statement.StatementContext;
import org.jspecify.annotations.Nullable;

/** Runs the work of a node in its own thread, and can pause it before its first database write. */
final class PausedNode implements SqlLogger {
  static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Pattern WRITE = Pattern.compile("UPDATE|INSERT");

  /** The work of the node. */
  interface Work {
    void run() throws Exception;
  }

  private final CountDownLatch reached = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Exception failure;

  private PausedNode(Work work) {
    thread =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  try {
                    work.run();
                  } catch (Exception why) {
                    failure = why;
                  }
                });
  }

  /** Starts work without a pause before its first write. */
  static PausedNode running(Work work) {
    var node = new PausedNode(work);
    node.released.countDown();
    node.thread.start();
    return node;
  }

  /** Starts the work, and returns once it is about to write. */
  static PausedNode beforeItsFirstWrite(Database database, Work work) throws InterruptedException {
    var node = new PausedNode(work);
    database.jdbi().setSqlLogger(node);
    node.thread.start();
    assertThat(node.reached.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    return node;
  }

  /** Pauses before a write. A read that locks rows for a write counts as one. */
  @Override
  public void logBeforeExecution(StatementContext statement) {
    var sql = String.valueOf(statement.getRawSql());
    if (Thread.currentThread() != thread || !WRITE.matcher(sql).find()) return;
    reached.countDown();
    try {
      assertThat(released.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  /** Lets the work continue. */
  void release() {
    released.countDown();
  }

  /** Waits for the end of the work, and returns its failure; null if it succeeded. */
  @Nullable Exception failure() throws InterruptedException {
    assertThat(thread.join(LIMIT)).isTrue();
    return failure;
  }
}
