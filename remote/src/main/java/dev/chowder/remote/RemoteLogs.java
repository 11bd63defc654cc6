package dev.chowder.remote;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.engine.v1.ReadLogsResponse;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxLogReader;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Passes the lines of one log to its reader, on a thread of its own. */
final class RemoteLogs implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RemoteLogs.class);

  private final ClientStream<?, ReadLogsResponse> stream;
  private final SandboxLogReader reader;
  private volatile boolean closed;

  private RemoteLogs(ClientStream<?, ReadLogsResponse> stream, SandboxLogReader reader) {
    this.stream = stream;
    this.reader = reader;
  }

  /**
   * Waits until the log is open, and starts to pass its lines.
   *
   * @param limit how long the log may take to open
   */
  static AutoCloseable start(
      ClientStream<?, ReadLogsResponse> stream, Duration limit, SandboxLogReader reader) {
    try {
      if (!stream.readNext(limit).hasOpened()) throw stream.unexpected();
    } catch (RuntimeException failed) {
      stream.close();
      throw failed;
    }
    var logs = new RemoteLogs(stream, reader);
    var thread = Thread.ofVirtual().name("remote-log").start(logs::run);
    return () -> {
      logs.close();
      // The reader may wait for room.
      thread.interrupt();
    };
  }

  private void run() {
    Optional<SandboxException> why = Optional.empty();
    try (stream) {
      var part = stream.await();
      while (part.isPresent() && !closed) {
        reader.onLine(part.get().getLine());
        part = stream.await();
      }
    } catch (SandboxException failed) {
      why = Optional.of(failed);
    } catch (RuntimeException | Error failed) {
      log.warn("event=log-reader-failed", failed);
      why =
          Optional.of(
              new SandboxException(
                  SandboxException.Reason.REFUSED,
                  cannot("read the logs", "their reader failed"),
                  failed));
    }
    var _ = Thread.interrupted();
    reader.onEnd(closed ? Optional.empty() : why);
  }

  @Override
  public void close() {
    closed = true;
    stream.close();
  }
}
