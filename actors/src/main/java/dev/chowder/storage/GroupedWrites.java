package dev.chowder.storage;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/**
 * Writes together what comes while others are being written: under load many share a transaction,
 * and one alone waits for nobody. Knows nothing of what is written. As many wait as callers do.
 */
public final class GroupedWrites<T> {
  private final Executor blocking;
  private final int most;
  private final Consumer<List<T>> write;
  private final Deque<Waiting<T>> waiting = new ArrayDeque<>();
  private boolean writing;

  private record Waiting<T>(T item, CompletableFuture<Void> written) {}

  /**
   * Makes one.
   *
   * @param blocking runs what waits for the database
   * @param most in one group, at least 1
   * @param write writes all or none; may be asked again for one of them alone
   */
  public GroupedWrites(Executor blocking, int most, Consumer<List<T>> write) {
    this.blocking = blocking;
    this.most = most;
    this.write = write;
  }

  /** Ends when it is written, or could not be. */
  public CompletableFuture<Void> add(T item) {
    var one = new Waiting<>(item, new CompletableFuture<Void>());
    synchronized (this) {
      waiting.add(one);
      if (writing) return one.written();
      writing = true;
    }
    try {
      blocking.execute(this::writeAll);
    } catch (RejectedExecutionException closing) {
      for (var group = next(); !group.isEmpty(); group = next()) fail(group, closing);
    }
    return one.written();
  }

  private void writeAll() {
    for (var group = next(); !group.isEmpty(); group = next()) write(group);
  }

  /** Empty: whoever comes next begins. */
  private synchronized List<Waiting<T>> next() {
    var group = new ArrayList<Waiting<T>>();
    while (group.size() < most && !waiting.isEmpty()) group.add(waiting.removeFirst());
    writing = !group.isEmpty();
    return group;
  }

  private void write(List<Waiting<T>> group) {
    try {
      write.accept(group.stream().map(Waiting::item).toList());
    } catch (RuntimeException | Error why) {
      // One that cannot be written keeps nobody else from it; a database that is away does.
      if (group.size() > 1 && !Outage.isBehind(why)) group.forEach(one -> write(List.of(one)));
      else fail(group, why);
      return;
    }
    group.forEach(one -> one.written().complete(null));
  }

  private void fail(List<Waiting<T>> group, Throwable why) {
    group.forEach(one -> one.written().completeExceptionally(why));
  }
}
