package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.model.Event;
import com.github.dockerjava.api.model.EventActor;
import com.github.dockerjava.api.model.EventType;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's event stream, opened again whenever it ends. Knows nothing of what is done with an
 * event.
 */
final class DockerEvents implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DockerEvents.class);
  private static final Duration FIRST_DELAY = Duration.ofMillis(100);

  private final DockerEngine engine;
  private final DockerSandboxSettings settings;
  private final BiConsumer<SandboxId, String> onEvent;
  private final Runnable onReconnect;
  private final AtomicLong lastSecond = new AtomicLong(Instant.now().getEpochSecond());
  private final Thread thread;
  private volatile boolean closed;

  /**
   * @param onEvent gets the sandbox whose main process ended or was removed, and how
   * @param onReconnect runs each time the stream is open again after it broke: what happened in
   *     between may be lost, an engine that restarted has ended every process without a word
   */
  DockerEvents(
      DockerEngine engine,
      DockerSandboxSettings settings,
      BiConsumer<SandboxId, String> onEvent,
      Runnable onReconnect) {
    this.engine = engine;
    this.settings = settings;
    this.onEvent = onEvent;
    this.onReconnect = onReconnect;
    this.thread = Thread.ofVirtual().name("docker-events").start(this::run);
  }

  private void run() {
    Duration delay = FIRST_DELAY;
    boolean broke = false;
    while (!closed) {
      try {
        // Says that the engine is there; the stream itself says nothing until something happens.
        engine.call("ping", docker -> docker.pingCmd().exec());
        try (DockerStream<Event> events = open()) {
          if (broke) {
            log.info("engine={} event=reachable-again", settings.dockerHost());
            onReconnect.run();
          }
          delay = FIRST_DELAY;
          while (!events.awaitEnd(settings.eventsCheckEvery())) {
            // Most of the time nothing happens; an engine that is gone may not even say so.
            engine.call("ping", docker -> docker.pingCmd().exec());
          }
          broke = true;
          log.info(
              "engine={} event=stream-ended why={}",
              settings.dockerHost(),
              events.why().map(Throwable::getMessage).orElse("closed by the engine"));
        }
      } catch (SandboxException unreachable) {
        if (!broke) {
          log.warn(
              "engine={} event=unreachable why={}",
              settings.dockerHost(),
              unreachable.getMessage());
        }
        broke = true;
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
      }
      delay = pause(delay);
    }
  }

  private DockerStream<Event> open() {
    return engine.stream(
        "events",
        new DockerStream<>(this::receive, _ -> {}),
        (docker, stream) ->
            docker
                .eventsCmd()
                .withSince(Long.toString(lastSecond.get()))
                .withEventTypeFilter(EventType.CONTAINER)
                .withEventFilter("die", "oom", "destroy", "pause")
                .withLabelFilter(
                    Map.of(
                        DockerLabels.CLUSTER,
                        settings.clusterId(),
                        DockerLabels.ROLE,
                        DockerLabels.GATEWAY))
                .exec(stream));
  }

  private void receive(Event event) {
    Long time = event.getTime();
    if (time != null) {
      lastSecond.set(time);
    }
    sandbox(event.getActor()).ifPresent(id -> onEvent.accept(id, describe(event)));
  }

  private static Optional<SandboxId> sandbox(@Nullable EventActor actor) {
    if (actor == null || actor.getAttributes() == null) {
      return Optional.empty();
    }
    String instance = actor.getAttributes().get(DockerLabels.INSTANCE);
    try {
      return instance == null ? Optional.empty() : Optional.of(SandboxId.ofInstance(instance));
    } catch (IllegalArgumentException notOurs) {
      return Optional.empty();
    }
  }

  private static String describe(Event event) {
    EventActor actor = event.getActor();
    String exitCode =
        actor == null || actor.getAttributes() == null
            ? null
            : actor.getAttributes().get("exitCode");
    String action = String.valueOf(event.getAction());
    return exitCode == null ? action : action + " with exit code " + exitCode;
  }

  private Duration pause(Duration delay) {
    if (closed) {
      return delay;
    }
    try {
      Thread.sleep(delay);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      closed = true;
    }
    Duration longer = delay.multipliedBy(2);
    return longer.compareTo(settings.reconnectDelay()) > 0 ? settings.reconnectDelay() : longer;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
