package dev.chowder.server.node;

import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.WatchInstancesRequest;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Watches an organization until it is closed. After a death of the node it continues. */
final class ScheduleWatch implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final Node node;
  private final String key;
  private final Map<String, Integer> revisions = new ConcurrentHashMap<>();
  private final Context.CancellableContext context = Context.current().withCancellation();
  private volatile String lastEnd = "none";
  private volatile WatchInstancesRequest cursor = WatchInstancesRequest.getDefaultInstance();

  ScheduleWatch(Node node, String key) {
    this.node = node;
    this.key = key;
    Thread.ofVirtual().start(() -> context.run(this::run));
  }

  private void run() {
    while (!context.isCancelled()) {
      try {
        node.instances(key).watchInstances(cursor).forEachRemaining(this::saw);
        lastEnd = "completed";
      } catch (StatusRuntimeException end) {
        // The check of the schedule finds changes that the watch missed.
        lastEnd = end.getStatus().toString();
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private void saw(InstanceChange change) {
    if (change.hasInstance()) {
      var instance = change.getInstance();
      revisions.merge(instance.getId(), instance.getRevision(), Math::max);
    }
    if (change.hasCursor()) {
      cursor = WatchInstancesRequest.newBuilder().setAfter(change.getCursor()).build();
    }
  }

  /** Returns the newest revision of each instance that it has received. */
  Map<String, Integer> revisions() {
    return revisions;
  }

  @Override
  public void close() {
    context.cancel(null);
  }

  @Override
  public String toString() {
    return "watch at cursor '" + cursor.getAfter() + "', last end: " + lastEnd;
  }
}
