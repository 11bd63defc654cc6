package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.LogLine;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.Sandbox;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rate.SharedPermits.Permit;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.stream.Sink;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Streams the masked log of a gateway to one caller, no faster than the caller reads. */
record LogStream(Sink<LogLine> sink, InstanceId id, UnaryOperator<String> masking)
    implements SandboxLogReader {
  private static final Logger LOG = LoggerFactory.getLogger(LogStream.class);
  private static final int MAX_LINE = 16 * 1024;

  /**
   * Streams until the log ends or the caller disconnects. Call it on the call's own thread.
   *
   * @param masking replaces secrets in a line
   * @param permit closed at the end of the stream
   */
  static void run(
      Sandbox sandbox,
      InstanceId id,
      InstanceRequests.Tail wanted,
      UnaryOperator<String> masking,
      ServerCallStreamObserver<LogLine> out,
      DrainSignal node,
      Permit permit) {
    var sink = new Sink<>(out);
    var stream = new LogStream(sink, id, masking);
    sink.run(
        "logs-" + id,
        node,
        () -> ApiError.nodeStops("continue the log", "repeat the call"),
        () -> {
          try (permit) {
            stream.follow(sandbox, wanted);
          }
        });
  }

  /** Waits until the stream ends. The engine sends the lines on a thread of its own. */
  private void follow(Sandbox sandbox, InstanceRequests.Tail wanted) {
    try (var _ = sandbox.logs(wanted.lines(), wanted.follow(), this)) {
      sink.awaitEnd();
    } catch (SandboxException why) {
      onEnd(Optional.of(why));
    } catch (RuntimeException why) {
      throw why;
    } catch (Exception unclosed) {
      throw new IllegalStateException(cannot("close the log of " + id, "" + unclosed), unclosed);
    }
  }

  @Override
  public void onBegin() {
    sink.begin();
  }

  @Override
  public void onLine(String line) {
    // Masked before it is cut, since a part of a secret would not be recognized.
    var masked = masking.apply(line);
    var text = masked.length() > MAX_LINE ? masked.substring(0, MAX_LINE) : masked;
    try {
      sink.send(LogLine.newBuilder().setText(text).build());
    } catch (ApiError over) {
      // The engine's thread must not fail. The stream's own thread closes the log.
    }
  }

  @Override
  public void onEnd(Optional<SandboxException> why) {
    why.filter(thrown -> thrown.reason() != SandboxException.Reason.NOT_FOUND)
        .ifPresentOrElse(this::fail, sink::complete);
  }

  private void fail(SandboxException why) {
    LOG.warn("instance={} cannot read the log: {}", id, why.getMessage());
    var cause =
        why.reason() == SandboxException.Reason.ELSEWHERE
            ? "this node does not have the host of the sandbox"
            : "the engine does not respond";
    sink.fail(ApiError.of(Reason.GATEWAY_UNAVAILABLE, cannot("read the log", cause)));
  }
}
