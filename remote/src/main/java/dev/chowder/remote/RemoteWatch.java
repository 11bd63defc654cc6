package dev.chowder.remote;

import dev.chowder.engine.v1.EngineServiceGrpc.EngineServiceBlockingV2Stub;
import dev.chowder.engine.v1.WatchSandboxesRequest;
import dev.chowder.engine.v1.WatchSandboxesResponse;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Follows the events of an engine. Opens the stream again whenever it ends. */
final class RemoteWatch {
  private static final Logger log = LoggerFactory.getLogger(RemoteWatch.class);
  private static final Duration FIRST_DELAY = Duration.ofMillis(100);

  private final EngineConnection connection;
  private final EngineServiceBlockingV2Stub stub;
  private final Consumer<SandboxEvent> onEvent;
  private final Runnable onReconnect;

  /** Reached when the first attempt to open the stream succeeded or failed. */
  private final CountDownLatch tried = new CountDownLatch(1);

  private volatile boolean closed;
  private boolean broke;
  private Duration delay = FIRST_DELAY;

  private RemoteWatch(
      EngineConnection connection,
      EngineServiceBlockingV2Stub stub,
      Consumer<SandboxEvent> onEvent,
      Runnable onReconnect) {
    this.connection = connection;
    this.stub = stub;
    this.onEvent = onEvent;
    this.onReconnect = onReconnect;
  }

  /**
   * Starts to follow the events. Returns when the stream is open, or when it is clear that the
   * engine does not respond; the stream is then opened later.
   *
   * @param onReconnect runs each time the stream is open again after it broke; events in between
   *     are lost
   */
  static AutoCloseable start(
      EngineConnection connection,
      EngineServiceBlockingV2Stub stub,
      Consumer<SandboxEvent> onEvent,
      Runnable onReconnect) {
    var watch = new RemoteWatch(connection, stub, onEvent, onReconnect);
    var thread = Thread.ofVirtual().name("remote-watch").start(watch::run);
    try {
      var _ =
          watch.tried.await(connection.settings().callTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException stop) {
      thread.interrupt();
      Thread.currentThread().interrupt();
      throw EngineErrors.interrupted("watch the sandboxes", stop);
    }
    return () -> {
      watch.closed = true;
      thread.interrupt();
    };
  }

  private void run() {
    while (!isClosed()) {
      long started = System.nanoTime();
      try (var stream =
          connection.open(
              "watch the sandboxes",
              () -> stub.watchSandboxes(WatchSandboxesRequest.getDefaultInstance()))) {
        follow(stream);
        throw stream.unexpected();
      } catch (RuntimeException ended) {
        if (isClosed()) return;
        // Another process may respond at the next try.
        connection.lost();
        if (!broke) logEnd(ended);
        broke = true;
        // A stream that breaks soon after it opened would otherwise be opened ten times a second.
        var longest = connection.settings().maxReconnectDelay();
        if (System.nanoTime() - started >= longest.toNanos()) delay = FIRST_DELAY;
      }
      tried.countDown();
      if (!pause()) return;
    }
  }

  private boolean isClosed() {
    return closed || connection.isClosed() || Thread.currentThread().isInterrupted();
  }

  private void logEnd(RuntimeException ended) {
    if (ended instanceof SandboxException failed) {
      log.warn("engine={} event=unreachable why={}", connection.address(), failed.getMessage());
    } else {
      log.warn("engine={} event=watcher-failed", connection.address(), ended);
    }
  }

  private void follow(ClientStream<?, WatchSandboxesResponse> stream) {
    if (!stream.readNext(connection.settings().callTimeout()).hasOpened()) {
      throw stream.unexpected();
    }
    tried.countDown();
    if (broke) {
      log.info("engine={} event=reachable-again", connection.address());
      onReconnect.run();
      broke = false;
    }
    for (var part = stream.await(); part.isPresent(); part = stream.await()) {
      pass(part.get().getEvent());
    }
  }

  private void pass(WatchSandboxesResponse.Event event) {
    SandboxId id;
    try {
      id = new SandboxId(event.getSandboxId());
    } catch (IllegalArgumentException invalid) {
      log.warn("engine={} event=invalid why={}", connection.address(), invalid.getMessage());
      return;
    }
    onEvent.accept(new SandboxEvent(id, event.getWhat()));
  }

  /** Returns whether the watch continues after the pause. */
  private boolean pause() {
    try {
      Thread.sleep(delay);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return false;
    }
    var longest = connection.settings().maxReconnectDelay();
    var doubled = delay.multipliedBy(2);
    delay = doubled.compareTo(longest) > 0 ? longest : doubled;
    return true;
  }
}
