package dev.chowder.server.watch;

import dev.chowder.api.v1.InstanceChange;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.InstanceRows;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Watches of all instances of an organization, by whatever node: each follows the journal by the
 * organization's tag, and so sees what any node wrote. Bounds how many there are.
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
   * Streams until the caller goes; must be called on the call's own thread, before its handler
   * returns.
   *
   * @param after the cursor to go on from; empty: all instances as they are now come first
   */
  public void open(
      String organizationId,
      OptionalLong after,
      ServerCallStreamObserver<InstanceChange> out,
      DrainSignal node) {
    if (after.isPresent()) mustBeYoung(organizationId, after.getAsLong());
    enter(organizationId);
    var watch = new FleetWatch(organizationId, events, rows, fleet, settings, clock, out);
    out.setOnReadyHandler(watch::wake);
    out.setOnCancelHandler(watch::stop);
    Thread.ofVirtual()
        .name("fleet-watch-" + organizationId)
        .start(
            () -> {
              try {
                watch.run(after, node);
              } finally {
                leave(organizationId);
              }
            });
  }

  private void mustBeYoung(String organizationId, long after) {
    var missed = events.since(organizationId, after, 1);
    var oldest = clock.instant().minus(settings.keep());
    if (!missed.isEmpty() && missed.getFirst().at().isBefore(oldest)) {
      throw ApiError.of(
          Reason.CURSOR_EXPIRED,
          "after: what happened since is older than "
              + settings.keep().toHours()
              + " h (expected: a younger cursor, or none)");
    }
  }

  private synchronized void enter(String organizationId) {
    int now = open.getOrDefault(organizationId, 0);
    if (now >= settings.maxPerOrganization()) {
      throw ApiError.of(
          Reason.RATE_LIMITED, "watches of this organization: " + now + " (expected: fewer)");
    }
    open.put(organizationId, now + 1);
  }

  private synchronized void leave(String organizationId) {
    open.computeIfPresent(organizationId, (_, now) -> now > 1 ? now - 1 : null);
  }
}
