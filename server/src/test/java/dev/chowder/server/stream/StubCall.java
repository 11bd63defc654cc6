package dev.chowder.server.stream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of a call without a client. Keeps the messages. Fails the test if a message or
 * an end is sent while another is in progress, or after the end.
 */
public final class StubCall<T> extends ServerCallStreamObserver<T> {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final Set<Thread.State> BLOCKED =
      EnumSet.of(Thread.State.BLOCKED, Thread.State.WAITING, Thread.State.TIMED_WAITING);

  // All fields are guarded by this.
  private final List<T> messages = new ArrayList<>();
  private final List<String> violations = new ArrayList<>();
  private boolean ready;
  private boolean holding;
  private boolean sending;
  private boolean completed;
  private boolean cancelled;
  private @Nullable Throwable failure;
  private Runnable onReady = StubCall::noHandler;
  private Runnable onCancel = StubCall::noHandler;
  private Runnable onClose = StubCall::noHandler;

  /**
   * Creates a call.
   *
   * @param ready whether it accepts messages
   */
  public StubCall(boolean ready) {
    this.ready = ready;
  }

  public synchronized List<T> messages() {
    return List.copyOf(messages);
  }

  public synchronized Optional<Throwable> failure() {
    return Optional.ofNullable(failure);
  }

  public synchronized boolean isCompleted() {
    return completed;
  }

  /** Makes each message take until {@link #release}. */
  public synchronized void hold() {
    holding = true;
  }

  public synchronized void release() {
    holding = false;
    notifyAll();
  }

  /** Changes whether the transport has room, and notifies the service. */
  public void setReady(boolean now) {
    Runnable handler;
    synchronized (this) {
      ready = now;
      handler = onReady;
    }
    if (now) handler.run();
  }

  /** Runs the handler for a client that disconnected. */
  public void cancel() {
    Runnable handler;
    synchronized (this) {
      cancelled = true;
      handler = onCancel;
    }
    handler.run();
  }

  /** Runs the handler for a call that another thread closed. */
  public void close() {
    Runnable handler;
    synchronized (this) {
      handler = onClose;
    }
    handler.run();
  }

  /** Waits until the service has sent this many messages in total. */
  public void awaitMessages(int count) {
    await(() -> messages.size() >= count, count + " messages");
  }

  /** Waits until the service sends a message that {@link #hold} holds. */
  public void awaitHeldMessage() {
    await(() -> sending, "a message");
  }

  /** Waits until the service completes or fails the call, and checks the order of its messages. */
  public void awaitEnd() {
    await(() -> completed || failure != null, "the end");
    synchronized (this) {
      assertThat(violations).isEmpty();
    }
  }

  /** Waits until the thread is blocked, or {@code otherwise} is true. */
  public static void awaitBlocked(Thread thread, BooleanSupplier otherwise) {
    Await.until(
        LIMIT,
        () -> BLOCKED.contains(thread.getState()) || otherwise.getAsBoolean(),
        () -> "the thread is not blocked");
  }

  private static void noHandler() {
    throw new AssertionError("the service set no handler");
  }

  private synchronized void await(BooleanSupplier holds, String what) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    try {
      while (!holds.getAsBoolean()) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        assertThat(left).as("time to wait for %s; got %s", what, messages).isPositive();
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Override
  public synchronized void onNext(T message) {
    check("a message");
    sending = true;
    notifyAll();
    try {
      while (holding) wait();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    sending = false;
    messages.add(message);
    notifyAll();
  }

  @Override
  public synchronized void onError(Throwable why) {
    check("an error");
    failure = why;
    notifyAll();
  }

  @Override
  public synchronized void onCompleted() {
    check("the end");
    completed = true;
    notifyAll();
  }

  private void check(String what) {
    if (sending) violations.add(what + " during a message");
    if (completed || failure != null) violations.add(what + " after the end");
  }

  @Override
  public synchronized boolean isReady() {
    return ready;
  }

  @Override
  public synchronized boolean isCancelled() {
    return cancelled;
  }

  @Override
  public synchronized void setOnCloseHandler(Runnable handler) {
    onClose = handler;
  }

  @Override
  public synchronized void setOnReadyHandler(Runnable handler) {
    onReady = handler;
  }

  @Override
  public synchronized void setOnCancelHandler(Runnable handler) {
    onCancel = handler;
  }

  @Override
  public void setCompression(String compression) {}

  @Override
  public void disableAutoInboundFlowControl() {}

  @Override
  public void request(int count) {}

  @Override
  public void setMessageCompression(boolean enable) {}
}
