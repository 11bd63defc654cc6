package dev.chowder.remote;

import dev.chowder.engine.v1.Opened;
import dev.chowder.engine.v1.WatchSandboxesResponse;
import dev.chowder.engine.v1.WatchSandboxesResponse.Event;
import dev.chowder.remote.HandlerCall.ClientGoneException;
import dev.chowder.sandbox.SandboxEvent;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends the events of an engine to a client. The engine never waits for the client. */
final class Events {
  private static final Logger log = LoggerFactory.getLogger(Events.class);

  private Events() {}

  /**
   * Sends events until the client leaves.
   *
   * @param most number of events that wait for the client; further ones are dropped
   */
  static void send(
      HandlerCall<Void, WatchSandboxesResponse> call,
      Function<Consumer<SandboxEvent>, AutoCloseable> watch,
      int most)
      throws IOException {
    BlockingQueue<SandboxEvent> waiting = new ArrayBlockingQueue<>(most);
    var dropping = new AtomicBoolean();
    Consumer<SandboxEvent> keep =
        event -> {
          // One line of the log for all that are dropped one after another.
          if (waiting.offer(event)) dropping.set(false);
          else if (!dropping.getAndSet(true)) log.warn("event=events-dropped waiting={}", most);
        };
    try (var _ = Closing.of(watch.apply(keep))) {
      call.send(WatchSandboxesResponse.newBuilder().setOpened(Opened.getDefaultInstance()).build());
      while (true) {
        var event = waiting.take();
        call.send(
            WatchSandboxesResponse.newBuilder()
                .setEvent(Event.newBuilder().setSandboxId(event.id().value()).setWhat(event.what()))
                .build());
      }
    } catch (InterruptedException gone) {
      Thread.currentThread().interrupt();
      throw new ClientGoneException();
    }
  }
}
