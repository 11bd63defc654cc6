package dev.chowder.remote;

import dev.chowder.engine.v1.Opened;
import dev.chowder.engine.v1.ReadLogsResponse;
import dev.chowder.remote.HandlerCall.ClientGoneException;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxLogReader;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;

/**
 * Sends the lines of a log to a client, in the thread of the engine that reads them. That thread
 * waits while the client has no room.
 */
final class LogLines implements SandboxLogReader {
  private final HandlerCall<Void, ReadLogsResponse> call;
  private final CountDownLatch opened = new CountDownLatch(1);
  private final CompletableFuture<Optional<SandboxException>> end = new CompletableFuture<>();

  private LogLines(HandlerCall<Void, ReadLogsResponse> call) {
    this.call = call;
  }

  /** Opens a log and sends its lines until it ends or the client leaves. */
  static void send(
      HandlerCall<Void, ReadLogsResponse> call, Function<SandboxLogReader, AutoCloseable> log)
      throws IOException {
    var lines = new LogLines(call);
    try (var _ = Closing.of(log.apply(lines))) {
      call.send(ReadLogsResponse.newBuilder().setOpened(Opened.getDefaultInstance()).build());
      lines.opened.countDown();
      Optional<SandboxException> why = lines.end.get();
      if (why.isPresent()) throw why.get();
    } catch (InterruptedException gone) {
      Thread.currentThread().interrupt();
      throw new ClientGoneException();
    } catch (ExecutionException never) {
      throw new IllegalStateException(never);
    } finally {
      lines.opened.countDown();
    }
  }

  @Override
  public void onLine(String line) {
    try {
      opened.await();
      call.send(ReadLogsResponse.newBuilder().setLine(line).build());
    } catch (ClientGoneException _) {
      // The thread of the call closes the log.
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void onEnd(Optional<SandboxException> why) {
    end.complete(why);
  }
}
