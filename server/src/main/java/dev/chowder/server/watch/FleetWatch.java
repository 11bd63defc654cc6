package dev.chowder.server.watch;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceView;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.error.ApiError;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.EventRows.Written;
import dev.chowder.storage.InstanceFilter;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Streams all instances of an organization to one caller, no faster than the caller reads. Holds
 * only the ids of changed instances, and reads a state when it sends it.
 */
public final class FleetWatch {
  private static final String INSTANCE = InstanceEntity.ENTITY_KEY.name() + "|";
  private static final int INSTANCES_PER_PAGE = 100;
  private static final int EVENTS_PER_PAGE = 1000;

  /** Far more events than one organization can write while another write is in progress. */
  private static final int MOST_OPEN = 5 * EVENTS_PER_PAGE;

  private final String organizationId;
  private final EventRows events;
  private final InstanceRows rows;
  private final Fleet fleet;
  private final FleetWatchSettings settings;
  private final InstantSource clock;
  private final ServerCallStreamObserver<InstanceChange> out;
  private final Object changed = new Object();
  private boolean over;
  private WatchProgress progress;

  /** Reads and presents instances. Blocks. */
  public interface Fleet {
    /** Returns the state from the instance's actor; empty if the instance was never created. */
    Optional<InstanceView> ask(InstanceId id);

    Instance present(InstanceView view);
  }

  FleetWatch(
      String organizationId,
      EventRows events,
      InstanceRows rows,
      Fleet fleet,
      FleetWatchSettings settings,
      InstantSource clock,
      ServerCallStreamObserver<InstanceChange> out) {
    this.organizationId = organizationId;
    this.events = events;
    this.rows = rows;
    this.fleet = fleet;
    this.settings = settings;
    this.clock = clock;
    this.out = out;
    this.progress = progressFrom(0);
  }

  private WatchProgress progressFrom(long ordering) {
    return new WatchProgress(ordering, settings.settle(), MOST_OPEN);
  }

  void run(OptionalLong after, DrainSignal node) {
    try (var _ = node.onDrain(this::leave)) {
      // The start is read before the instances, and no entry can appear before the start any
      // longer. So no change is missed between the two reads.
      progress =
          progressFrom(
              after.isPresent()
                  ? after.getAsLong()
                  : events.newest(organizationId, clock.instant().minus(settings.settle())));
      if (after.isEmpty()) sendAll();
      sendCursor();
      long beat = System.nanoTime();
      while (pause()) {
        if (sendChanges() > 0) {
          beat = System.nanoTime();
        } else if (System.nanoTime() - beat > settings.heartbeat().toNanos()) {
          sendCursor();
          beat = System.nanoTime();
        }
      }
    } catch (InterruptedException end) {
      stop();
    } catch (RuntimeException why) {
      end(why);
    }
  }

  private void sendAll() throws InterruptedException {
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.list(organizationId, InstanceFilter.ALL, INSTANCES_PER_PAGE, after);
      for (var row : page) send(change(InstanceReadRows.view(row)).build());
      if (page.size() < INSTANCES_PER_PAGE) return;
      after = Optional.of(page.getLast().position());
    }
  }

  private int sendChanges() throws InterruptedException {
    // Taken before the query, so that entries committed while the caller reads slowly are not final
    // too early.
    long began = System.nanoTime();
    var since = since();
    long ended = System.nanoTime();
    var newest = new LinkedHashMap<String, Long>();
    for (var event : since) {
      if (!progress.knows(event.ordering()) && event.persistenceId().startsWith(INSTANCE)) {
        newest.merge(
            event.persistenceId().substring(INSTANCE.length()), event.sequenceNumber(), Math::max);
      }
    }
    for (var one : newest.entrySet()) {
      var view = state(one);
      if (view.isPresent()) send(change(view.get()).build());
    }
    progress.sent(since.stream().map(Written::ordering).toList(), began, ended);
    if (!newest.isEmpty()) sendCursor();
    return newest.size();
  }

  /** Reads in pages, so that no result of the database is large. */
  private List<Written> since() {
    var all = new ArrayList<Written>();
    long after = progress.upTo();
    while (true) {
      var page = events.since(organizationId, after, EVENTS_PER_PAGE);
      all.addAll(page);
      if (page.size() < EVENTS_PER_PAGE) return all;
      after = page.getLast().ordering();
    }
  }

  /** Returns a state at least as new as the event. The row may be stale for a moment. */
  private Optional<InstanceView> state(Map.Entry<String, Long> event) {
    Optional<InstanceRow> row =
        rows.get(event.getKey()).filter(r -> r.revision() >= event.getValue());
    return row.map(InstanceReadRows::view).or(() -> fleet.ask(new InstanceId(event.getKey())));
  }

  private InstanceChange.Builder change(InstanceView view) {
    return InstanceChange.newBuilder().setInstance(fleet.present(view));
  }

  private void sendCursor() throws InterruptedException {
    send(InstanceChange.newBuilder().setCursor(Long.toString(progress.upTo())).build());
  }

  /** Sends a change as soon as the caller can take it, unless the caller disconnects before. */
  private void send(InstanceChange change) throws InterruptedException {
    synchronized (changed) {
      while (!over && !out.isReady()) changed.wait();
      if (!over) out.onNext(change);
    }
  }

  /** Waits until the next query. Returns false if the watch ended. */
  private boolean pause() throws InterruptedException {
    long until = System.nanoTime() + settings.poll().toNanos();
    synchronized (changed) {
      while (!over) {
        long left = (until - System.nanoTime()) / 1_000_000;
        if (left <= 0) return true;
        changed.wait(left);
      }
      return false;
    }
  }

  void wake() {
    synchronized (changed) {
      changed.notifyAll();
    }
  }

  void stop() {
    synchronized (changed) {
      over = true;
      changed.notifyAll();
    }
  }

  private void leave() {
    end(
        ApiError.of(
            Reason.SERVER_UNAVAILABLE,
            cannot(
                "continue the watch",
                "this node is shutting down",
                "open it again after the last cursor")));
  }

  private void end(RuntimeException why) {
    synchronized (changed) {
      if (!over) out.onError(why);
      over = true;
      changed.notifyAll();
    }
  }
}
