package dev.chowder.server.watch;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceView;
import dev.chowder.server.stream.Sink;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.EventRows.Written;
import dev.chowder.storage.InstanceFilter;
import dev.chowder.storage.InstanceRow;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.Paging;
import java.time.InstantSource;
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
  private final Sink<InstanceChange> sink;
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
      Sink<InstanceChange> sink) {
    this.organizationId = organizationId;
    this.events = events;
    this.rows = rows;
    this.fleet = fleet;
    this.settings = settings;
    this.clock = clock;
    this.sink = sink;
    this.progress = progressFrom(0);
  }

  private WatchProgress progressFrom(long ordering) {
    return new WatchProgress(ordering, settings.visibilityTimeout(), MOST_OPEN);
  }

  /** Streams until the stream ends. */
  void run(OptionalLong after) {
    // The start is read before the instances, and no entry can appear before the start any longer.
    // So no change is missed between the two reads.
    progress =
        progressFrom(
            after.isPresent()
                ? after.getAsLong()
                : events.newest(
                    organizationId, clock.instant().minus(settings.visibilityTimeout())));
    if (after.isEmpty()) sendAll();
    sendCursor();
    long beat = System.nanoTime();
    while (true) {
      sink.pause(settings.pollInterval());
      if (sendChanges() > 0) {
        beat = System.nanoTime();
      } else if (System.nanoTime() - beat > settings.heartbeatInterval().toNanos()) {
        sendCursor();
        beat = System.nanoTime();
      }
    }
  }

  private void sendAll() {
    Paging.rows(
            INSTANCES_PER_PAGE,
            after -> rows.list(organizationId, InstanceFilter.ALL, INSTANCES_PER_PAGE, after),
            InstanceRow::position)
        .forEach(row -> sink.send(change(InstanceReadRows.view(row)).build()));
  }

  private int sendChanges() {
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
      if (view.isPresent()) sink.send(change(view.get()).build());
    }
    progress.sent(since.stream().map(Written::ordering).toList(), began, ended);
    if (!newest.isEmpty()) sendCursor();
    return newest.size();
  }

  /** Reads in pages, so that no result of the database is large. */
  private List<Written> since() {
    long beginning = progress.upTo();
    return Paging.rows(
            EVENTS_PER_PAGE,
            after -> events.since(organizationId, after.orElse(beginning), EVENTS_PER_PAGE),
            Written::ordering)
        .toList();
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

  private void sendCursor() {
    sink.send(InstanceChange.newBuilder().setCursor(Long.toString(progress.upTo())).build());
  }
}
