package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventType;
import dev.chowder.sandbox.SandboxDriver.Ending;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Determines how a container ended from the events that its engine remembers. An engine keeps its
 * last 256 events only in memory, so it remembers the end of a container only if it has not
 * restarted since. Measured with 20.10: an engine that ended on SIGTERM, or was killed with all its
 * containers, remembers nothing after its start. One that was killed alone stops the containers
 * that it finds running, with SIGTERM.
 */
final class DockerEndings {
  private static final String SIGTERM = "15";

  private final DockerEngine engine;
  private final DockerSandboxSettings settings;

  DockerEndings(DockerEngine engine, DockerSandboxSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  Ending of(InspectContainerResponse ended) {
    return of(remembered(ended));
  }

  /** Derives the ending from the events of one container, the oldest first. */
  static Ending of(List<Event> events) {
    boolean told = false;
    boolean died = false;
    for (Event event : events) {
      switch (String.valueOf(event.getAction())) {
        case "start" -> {
          told = false;
          died = false;
        }
        case "kill" -> told |= !died && SIGTERM.equals(attribute(event, "signal"));
        case "die" -> died = true;
        default -> {}
      }
    }
    if (!died) return Ending.WITH_ENGINE;
    return told ? Ending.STOPPED : Ending.BY_ITSELF;
  }

  private static String attribute(Event event, String name) {
    var actor = event.getActor();
    var attributes = actor == null ? null : actor.getAttributes();
    return attributes == null ? "" : attributes.getOrDefault(name, "");
  }

  private List<Event> remembered(InspectContainerResponse ended) {
    String what = "events of container " + ended.getId();
    List<Event> events = Collections.synchronizedList(new ArrayList<>());
    try (DockerStream<Event> stream =
        engine.stream(
            what,
            new DockerStream<>(events::add, _ -> {}),
            (docker, to) ->
                docker
                    .eventsCmd()
                    .withSince(seconds(Instant.EPOCH.plusSeconds(1)))
                    // The stream ends at this time, so it must not be in the future. It is compared
                    // with the engine's clock, which is this one: the engine is on the same host.
                    // One elsewhere whose clock is ahead hides the latest events, so that a crash
                    // just before counts as a loss with the engine; one that is behind delays the
                    // end of the stream.
                    .withUntil(seconds(Instant.now()))
                    .withEventTypeFilter(EventType.CONTAINER)
                    .withEventFilter("start", "kill", "die")
                    .withContainerFilter(ended.getId())
                    .exec(to))) {
      if (!stream.awaitEnd(settings.callTimeout())) {
        Duration limit = settings.callTimeout();
        throw new SandboxException(
            Reason.ENGINE_UNREACHABLE,
            "docker: no answer within " + limit.toMillis() + " ms to: " + what);
      }
      if (stream.why().isPresent()) throw engine.translate(what, stream.why().get());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw engine.translate(what, stop);
    }
    return List.copyOf(events);
  }

  private static String seconds(Instant at) {
    return "%d.%09d".formatted(at.getEpochSecond(), at.getNano());
  }
}
