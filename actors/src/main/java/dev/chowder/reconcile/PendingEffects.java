package dev.chowder.reconcile;

import dev.chowder.base.RepeatingThread;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Instances;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.Paging;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Re-dispatches the pending effects of the rows, since their messages may be lost. Has its own
 * thread, because a pass of {@link Reconciler} may wait for a slow engine.
 */
public final class PendingEffects implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PendingEffects.class);

  private final Instances instances;
  private final InstanceRows rows;
  private final ReconcilerSettings settings;
  private final Clock clock;
  private final RepeatingThread thread = new RepeatingThread("redispatch");

  public PendingEffects(
      Instances instances, InstanceRows rows, ReconcilerSettings settings, Clock clock) {
    this.instances = instances;
    this.rows = rows;
    this.settings = settings;
    this.clock = clock;
  }

  /** Re-dispatches all pending effects now, and the overdue ones at the interval, until closed. */
  void start() {
    redispatchAll();
    var remind = settings.redispatchInterval();
    thread.every(remind, () -> step("overdue effects", remind));
  }

  /**
   * Re-dispatches all pending effects of the rows. An instance with a stale row is re-dispatched by
   * the repair of its row.
   */
  void redispatchAll() {
    thread.execute(() -> step("pending effects", Duration.ZERO));
  }

  @Override
  public void close() {
    thread.close();
  }

  private void step(String what, Duration atLeastFor) {
    try {
      redispatchPending(atLeastFor);
    } catch (RuntimeException | Error why) {
      LOG.warn("sweep={} failed", what, why);
    }
  }

  private void redispatchPending(Duration atLeastFor) {
    var now = clock.instant();
    int size = settings.maxBatchSize();
    Paging.rows(
            size,
            (Optional<InstanceRows.Pending> after) -> rows.pending(now, atLeastFor, size, after),
            Function.identity())
        .forEach(
            one ->
                instances.tell(
                    new InstanceId(one.id()),
                    new InstanceCommand.Redispatch(now, settings.reportTimeout())));
  }
}
