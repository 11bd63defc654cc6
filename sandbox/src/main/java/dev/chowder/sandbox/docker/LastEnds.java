package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventActor;
import dev.chowder.sandbox.Ending;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Remembers how each container last ended, from the events that {@link DockerEvents} follows. The
 * engine itself remembers only its last 256 events.
 */
final class LastEnds {
  /** Far more than the containers of a host; a container's entry ends with the container. */
  private static final int MAX = 10_000;

  private final Map<String, Run> runs =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Run> eldest) {
          return size() > MAX;
        }
      };

  /**
   * A run of a container.
   *
   * @param sigterm whether the engine was asked to send it SIGTERM
   * @param end empty while it runs
   */
  private record Run(boolean sigterm, Optional<Instant> end) {}

  /** Records an event. It may be reported twice. */
  synchronized void record(Event event) {
    EventActor actor = event.getActor();
    String id = actor == null ? null : actor.getId();
    if (id == null) return;
    var run = runs.getOrDefault(id, new Run(false, Optional.empty()));
    Instant at = at(event);
    switch (String.valueOf(event.getAction())) {
      case "kill" -> {
        // A repeated event of before the end changes nothing.
        if (run.end().isEmpty() && DockerEndings.isSigterm(event)) {
          runs.put(id, new Run(true, Optional.empty()));
        }
      }
      case "die" -> runs.put(id, new Run(run.sigterm(), Optional.of(at)));
      case "start" -> {
        if (run.end().filter(end -> !end.isBefore(at)).isEmpty()) runs.remove(id);
      }
      case "destroy" -> runs.remove(id);
      default -> {}
    }
  }

  /**
   * Returns how a container ended; empty if no event reported it.
   *
   * @param startedAt the engine's time of its last start. An end before it is that of another run.
   */
  synchronized Optional<Ending> of(String container, Instant startedAt) {
    return Optional.ofNullable(runs.get(container))
        .filter(run -> run.end().filter(end -> end.isAfter(startedAt)).isPresent())
        .map(run -> run.sigterm() ? Ending.STOPPED : Ending.BY_ITSELF);
  }

  private static Instant at(Event event) {
    Long nanos = event.getTimeNano();
    return nanos == null ? Instant.EPOCH : Instant.ofEpochSecond(0, nanos);
  }
}
