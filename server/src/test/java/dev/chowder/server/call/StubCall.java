package dev.chowder.server.call;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The server's side of a call without a client. Keeps the messages; is never cancelled. */
public final class StubCall<T> extends ServerCallStreamObserver<T> {
  private final boolean ready;
  private final List<T> messages = new CopyOnWriteArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicReference<Runnable> onClose =
      new AtomicReference<>(
          () -> {
            throw new AssertionError("no handler for the close of a call");
          });

  /**
   * Creates a call.
   *
   * @param ready whether it accepts messages
   */
  public StubCall(boolean ready) {
    this.ready = ready;
  }

  public List<T> messages() {
    return messages;
  }

  public Optional<Throwable> failure() {
    return Optional.ofNullable(failure.get());
  }

  /** Runs the handler for a call that another thread closed. */
  public void close() {
    onClose.get().run();
  }

  @Override
  public void onNext(T message) {
    messages.add(message);
  }

  @Override
  public void onError(Throwable why) {
    failure.set(why);
  }

  @Override
  public void onCompleted() {}

  @Override
  public boolean isReady() {
    return ready;
  }

  @Override
  public boolean isCancelled() {
    return false;
  }

  @Override
  public void setOnCloseHandler(Runnable handler) {
    onClose.set(handler);
  }

  @Override
  public void setOnReadyHandler(Runnable handler) {}

  @Override
  public void setOnCancelHandler(Runnable handler) {}

  @Override
  public void setCompression(String compression) {}

  @Override
  public void disableAutoInboundFlowControl() {}

  @Override
  public void request(int count) {}

  @Override
  public void setMessageCompression(boolean enable) {}
}
