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
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the engine's event stream. Opens it again whenever it ends, and also regularly while it
 * works, so an event may be reported twice. Does not know what is done with an event.
 */
final class DockerEvents implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DockerEvents.class);
  private static final Duration FIRST_DELAY = Duration.ofMillis(100);

  /** Events that tell how a later one came about. */
  private static final Set<String> UNREPORTED = Set.of("start", "kill");

  private final DockerApi engine;
  private final DockerSandboxSettings settings;
  private final LastEnds lastEnds;
  private final BiConsumer<SandboxId, String> onEvent;
  private final Runnable onReconnect;
  private final Runnable onRestart;
  private final Thread thread;
  private volatile boolean closed;

  /**
   * Starts to follow the events.
   *
   * @param lastEnds receives all events
   * @param onEvent receives the sandbox whose main process ended or was removed, and what happened
   * @param onReconnect runs each time the stream is open again after it broke. Events in between
   *     may be lost: an engine that restarted ended every process without reporting it.
   * @param onRestart runs when the engine may have restarted, and again before {@code onReconnect}.
   *     A call without a response shows no restart: an engine that hangs keeps its processes.
   */
  DockerEvents(
      DockerApi engine,
      DockerSandboxSettings settings,
      LastEnds lastEnds,
      BiConsumer<SandboxId, String> onEvent,
      Runnable onReconnect,
      Runnable onRestart) {
    this.engine = engine;
    this.settings = settings;
    this.lastEnds = lastEnds;
    this.onEvent = onEvent;
    this.onReconnect = onReconnect;
    this.onRestart = onRestart;
    this.thread = Thread.ofVirtual().name("docker-events").start(this::run);
  }

  private void run() {
    Duration delay = FIRST_DELAY;
    boolean broke = false;
    long since = Instant.now().getEpochSecond();
    while (!closed) {
      try {
        // Checks that the engine responds, because the stream is silent until something happens.
        engine.call("ping", docker -> docker.pingCmd().exec());
        long opened = Instant.now().getEpochSecond();
        try (DockerStream<Event> events = open(since)) {
          if (broke) {
            log.info("engine={} event=reachable-again", settings.dockerHost());
            onRestart.run();
            onReconnect.run();
            broke = false;
          }
          delay = FIRST_DELAY;
          // A stream can be dead without an error. The next one repeats the events since this one
          // was opened, so none is lost.
          broke = events.awaitEnd(settings.eventsRenewInterval());
          since = opened;
          if (broke) {
            // An engine that restarts ends its streams, and no other call may have failed.
            engine.lost();
            onRestart.run();
            log.info(
                "engine={} event=stream-ended why={}",
                settings.dockerHost(),
                events.why().map(Throwable::getMessage).orElse("closed by the engine"));
          }
        }
      } catch (SandboxException unreachable) {
        boolean refused =
            unreachable.getCause() != null && !(unreachable.getCause() instanceof TimeoutException);
        if (refused) onRestart.run();
        if (!broke) {
          log.warn(
              "engine={} event=unreachable why={}",
              settings.dockerHost(),
              unreachable.getMessage());
        }
        broke = true;
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        return;
      } catch (RuntimeException | Error failed) {
        // Without this thread, no end of a process would be noticed before the next pass.
        log.error("engine={} event=stream-failed", settings.dockerHost(), failed);
        broke = true;
      }
      if (broke) delay = pause(delay);
    }
  }

  private DockerStream<Event> open(long since) {
    return engine.stream(
        "events",
        new DockerStream<>(this::receive, _ -> {}),
        (docker, stream) ->
            docker
                .eventsCmd()
                .withSince(Long.toString(since))
                .withEventTypeFilter(EventType.CONTAINER)
                .withEventFilter("start", "kill", "die", "oom", "destroy", "pause")
                .withLabelFilter(
                    Map.of(
                        DockerLabels.CLUSTER,
                        settings.clusterId(),
                        DockerLabels.ROLE,
                        DockerLabels.GATEWAY))
                .exec(stream));
  }

  private void receive(Event event) {
    // Before the report, whose receiver may ask how the process ended.
    lastEnds.record(event);
    if (UNREPORTED.contains(String.valueOf(event.getAction()))) return;
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
    return longer.compareTo(settings.maxReconnectDelay()) > 0
        ? settings.maxReconnectDelay()
        : longer;
  }

  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }
}
