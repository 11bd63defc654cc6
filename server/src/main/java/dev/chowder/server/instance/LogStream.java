package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.LogLine;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.SandboxLogReader;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.call.SharedPermits.Permit;
import dev.chowder.server.error.ApiError;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;

/** Streams the masked log of a gateway to one caller, no faster than the caller reads. */
final class LogStream implements SandboxLogReader {
  private static final int MAX_LINE = 16 * 1024;

  private final ServerCallStreamObserver<LogLine> out;
  private final UnaryOperator<String> masking;
  private final AtomicBoolean over = new AtomicBoolean();
  private final CountDownLatch end = new CountDownLatch(1);
  private final Object ready = new Object();

  private LogStream(ServerCallStreamObserver<LogLine> out, UnaryOperator<String> masking) {
    this.out = out;
    this.masking = masking;
  }

  /**
   * Starts a thread that streams until the log ends or the client disconnects. Call it on the
   * call's own thread, because gRPC accepts the handlers only until the call's handler returns.
   *
   * @param masking replaces secrets in a line
   * @param permit closed at the end of the stream
   */
  static void run(
      SandboxDriver driver,
      InstanceId id,
      InstanceRequests.Tail wanted,
      UnaryOperator<String> masking,
      ServerCallStreamObserver<LogLine> out,
      DrainSignal node,
      Permit permit) {
    var stream = new LogStream(out, masking);
    out.setOnReadyHandler(stream::wake);
    out.setOnCancelHandler(stream::stop);
    // If the caller's key was revoked before the handler was set, the server has closed the call.
    out.setOnCloseHandler(stream::stop);
    Thread.ofVirtual()
        .name("logs-" + id)
        .start(() -> stream.follow(driver, id, wanted, node, permit));
  }

  private void follow(
      SandboxDriver driver,
      InstanceId id,
      InstanceRequests.Tail wanted,
      DrainSignal node,
      Permit permit) {
    try (permit;
        var _ = node.onDrain(this::leave);
        var _ =
            driver.logs(SandboxId.ofInstance(id.value()), wanted.lines(), wanted.follow(), this)) {
      end.await();
    } catch (SandboxException why) {
      fail(why);
    } catch (Exception interrupted) {
      stop();
    }
  }

  @Override
  public void onLine(String line) {
    // Masked before it is cut, since a part of a secret would not be recognized.
    var masked = masking.apply(line);
    var text = masked.length() > MAX_LINE ? masked.substring(0, MAX_LINE) : masked;
    synchronized (ready) {
      while (!out.isReady() && !over.get()) {
        try {
          ready.wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return;
        }
      }
    }
    if (!over.get()) out.onNext(LogLine.newBuilder().setText(text).build());
  }

  @Override
  public void onEnd(Optional<SandboxException> why) {
    why.ifPresentOrElse(this::fail, this::complete);
  }

  private void complete() {
    if (over.compareAndSet(false, true)) out.onCompleted();
    end.countDown();
  }

  private void leave() {
    if (over.compareAndSet(false, true)) {
      out.onError(
          ApiError.of(
              Reason.SERVER_UNAVAILABLE,
              cannot("continue the log", "this node is shutting down", "repeat the call")));
    }
    wake();
    end.countDown();
  }

  private void fail(SandboxException why) {
    if (over.compareAndSet(false, true)) {
      if (why.reason() == SandboxException.Reason.NOT_FOUND) {
        out.onCompleted();
      } else {
        out.onError(
            ApiError.of(
                Reason.GATEWAY_UNAVAILABLE, cannot("read the log", "the engine does not respond")));
      }
    }
    end.countDown();
  }

  private void stop() {
    over.set(true);
    wake();
    end.countDown();
  }

  private void wake() {
    synchronized (ready) {
      ready.notifyAll();
    }
  }
}
