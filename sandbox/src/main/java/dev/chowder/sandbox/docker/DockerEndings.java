package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import dev.chowder.sandbox.Ending;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Determines how a container ended from the events that its engine remembers, or else from those
 * that this server followed. An engine keeps its last 256 events in memory only, so it remembers a
 * container's end until its own restart, or until others push it out. Measured with 20.10: an
 * engine that ended on SIGTERM, or was killed together with its containers, remembers nothing after
 * its start. An engine that was killed alone stops the containers that it finds running, with
 * SIGTERM.
 */
record DockerEndings(DockerApi engine, LastEnds lastEnds) {
  private static final String SIGTERM = "15";

  Ending of(InspectContainerResponse ended) {
    var known = of(remembered(ended));
    return known == Ending.WITH_ENGINE
        ? lastEnds.of(ended.getId(), startedAt(ended)).orElse(known)
        : known;
  }

  private static Instant startedAt(InspectContainerResponse container) {
    String at = container.getState().getStartedAt();
    return at == null ? Instant.MAX : Instant.parse(at);
  }

  /** Derives the ending from the events of one container, sorted by time. */
  static Ending of(List<Event> events) {
    boolean sigtermSent = false;
    boolean died = false;
    for (Event event : events) {
      switch (String.valueOf(event.getAction())) {
        case "start" -> {
          sigtermSent = false;
          died = false;
        }
        case "kill" -> sigtermSent |= !died && isSigterm(event);
        case "die" -> died = true;
        default -> {}
      }
    }
    if (!died) return Ending.WITH_ENGINE;
    return sigtermSent ? Ending.STOPPED : Ending.BY_ITSELF;
  }

  /** Returns whether a kill event is that of SIGTERM. */
  static boolean isSigterm(Event kill) {
    return SIGTERM.equals(attribute(kill, "signal"));
  }

  private static String attribute(Event event, String name) {
    var actor = event.getActor();
    var attributes = actor == null ? null : actor.getAttributes();
    return attributes == null ? "" : attributes.getOrDefault(name, "");
  }

  private List<Event> remembered(InspectContainerResponse ended) {
    String what = "read the events of container " + ended.getId();
    List<Event> events = Collections.synchronizedList(new ArrayList<>());
    engine.<Event>read(
        what,
        events::add,
        (docker, to) ->
            docker
                .eventsCmd()
                .withSince(seconds(Instant.EPOCH.plusSeconds(1)))
                // The stream ends at this time, so it must not be in the future. The engine
                // compares it with its own clock, which is this one if the engine is on the
                // same host. If a remote engine's clock is ahead, the latest events are
                // missing, and a crash just before counts as a loss with the engine. If it is
                // behind, the stream ends later.
                .withUntil(seconds(Instant.now()))
                .withEventTypeFilter(EventType.CONTAINER)
                .withEventFilter("start", "kill", "die")
                .withContainerFilter(ended.getId())
                .exec(to));
    return List.copyOf(events);
  }

  private static String seconds(Instant at) {
    return "%d.%09d".formatted(at.getEpochSecond(), at.getNano());
  }
}
