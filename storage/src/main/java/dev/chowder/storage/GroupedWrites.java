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
 * Groups writes: items that arrive during a write share the next transaction, and a single item
 * does not wait for others. The queue is not limited; its length is the number of waiting callers.
 * Does not know the items.
 */
public final class GroupedWrites<T> {
  private final Executor blocking;
  private final int maxGroup;
  private final Consumer<List<T>> write;
  private final Deque<Waiting<T>> waiting = new ArrayDeque<>();
  private boolean writing;

  private record Waiting<T>(T item, CompletableFuture<Void> written) {}

  /**
   * @param blocking runs the database calls
   * @param maxGroup maximum size of a group, at least 1
   * @param write writes all items or none; may be called again with each item alone
   */
  public GroupedWrites(Executor blocking, int maxGroup, Consumer<List<T>> write) {
    this.blocking = blocking;
    this.maxGroup = maxGroup;
    this.write = write;
  }

  /** Adds an item. Completes when it is written, or fails if it cannot be. */
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

  /** Returns the next group. If it is empty, the next caller of {@link #add} starts a new write. */
  private synchronized List<Waiting<T>> next() {
    var group = new ArrayList<Waiting<T>>();
    while (group.size() < maxGroup && !waiting.isEmpty()) group.add(waiting.removeFirst());
    writing = !group.isEmpty();
    return group;
  }

  private void write(List<Waiting<T>> group) {
    try {
      write.accept(group.stream().map(Waiting::item).toList());
    } catch (RuntimeException | Error why) {
      // An invalid item must not prevent the others from being written. During an outage, none can
      // be.
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
