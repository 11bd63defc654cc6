package dev.chowder.server.watch;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.stream.Sink;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.InstanceRows;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Opens watches of all instances of an organization and bounds their number. A watch follows the
 * journal by the tag of the organization, so it sees the events of all nodes.
 */
public final class FleetWatches {
  private final EventRows events;
  private final InstanceRows rows;
  private final FleetWatch.Fleet fleet;
  private final FleetWatchSettings settings;
  private final InstantSource clock;
  private final Map<String, Integer> open = new HashMap<>();

  public FleetWatches(
      EventRows events,
      InstanceRows rows,
      FleetWatch.Fleet fleet,
      FleetWatchSettings settings,
      InstantSource clock) {
    this.events = events;
    this.rows = rows;
    this.fleet = fleet;
    this.settings = settings;
    this.clock = clock;
  }

  /**
   * Streams until the caller disconnects. Call it on the thread of the call, before its handler
   * returns.
   *
   * @param after the cursor to continue from; if empty, the watch starts with the current state of
   *     all instances
   * @throws ApiError {@code CURSOR_EXPIRED}, or {@code RATE_LIMITED} beyond the limit of watches
   */
  public void open(
      String organizationId,
      OptionalLong after,
      ServerCallStreamObserver<InstanceChange> out,
      DrainSignal node) {
    if (after.isPresent()) requireUnexpired(organizationId, after.getAsLong());
    enter(organizationId);
    var sink = new Sink<>(out);
    var watch = new FleetWatch(organizationId, events, rows, fleet, settings, clock, sink);
    sink.run(
        "fleet-watch-" + organizationId,
        node,
        () -> ApiError.nodeStops("continue the watch", "open it again after the last cursor"),
        () -> {
          try {
            watch.run(after);
          } finally {
            leave(organizationId);
          }
        });
  }

  private void requireUnexpired(String organizationId, long after) {
    var missed = events.since(organizationId, after, 1);
    var oldest = clock.instant().minus(settings.retention());
    if (!missed.isEmpty() && missed.getFirst().at().isBefore(oldest)) {
      throw ApiError.of(
          Reason.CURSOR_EXPIRED,
          must(
              "after",
              "be a cursor that missed no change older than "
                  + settings.retention().toHours()
                  + " h"));
    }
  }

  private synchronized void enter(String organizationId) {
    int now = open.getOrDefault(organizationId, 0);
    if (now >= settings.maxPerOrganization()) {
      throw ApiError.of(
          Reason.RATE_LIMITED,
          cannot(
              "open the watch",
              "this organization has " + now + " open watches on this node, its limit",
              "close one first"));
    }
    open.put(organizationId, now + 1);
  }

  private synchronized void leave(String organizationId) {
    open.computeIfPresent(organizationId, (_, now) -> now > 1 ? now - 1 : null);
  }
}
