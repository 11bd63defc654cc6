package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.async.ResultCallback;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Receives one response of the engine item by item. Ends exactly once, whichever side ends it, and
 * stores the reason.
 */
final class DockerStream<T> implements ResultCallback<T> {
  private final Consumer<T> onItem;
  private final Consumer<Optional<Throwable>> onEnd;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile Runnable onClose = () -> {};
  private volatile Runnable onBegin = () -> {};
  private volatile @Nullable Closeable source;
  private volatile @Nullable Thread reader;
  private volatile @Nullable Throwable why;

  DockerStream(Consumer<T> onItem, Consumer<Optional<Throwable>> onEnd) {
    this.onItem = onItem;
    this.onEnd = onEnd;
  }

  void onClose(Runnable release) {
    this.onClose = release;
  }

  /** Sets what runs when the engine has accepted the request, before the first item. */
  DockerStream<T> onBegin(Runnable begun) {
    this.onBegin = begun;
    return this;
  }

  @Override
  public void onStart(Closeable stream) {
    reader = Thread.currentThread();
    source = stream;
    if (over.get()) {
      closeSource();
    } else {
      onBegin.run();
    }
  }

  @Override
  public void onNext(T item) {
    if (!over.get()) {
      onItem.accept(item);
    }
  }

  @Override
  public void onError(Throwable thrown) {
    end(thrown);
  }

  @Override
  public void onComplete() {
    end(null);
  }

  @Override
  public void close() {
    end(null);
  }

  /** Returns whether the stream ended within {@code limit}. */
  boolean awaitEnd(Duration limit) throws InterruptedException {
    return ended.await(Math.max(0, limit.toMillis()), TimeUnit.MILLISECONDS);
  }

  Optional<Throwable> why() {
    return Optional.ofNullable(why);
  }

  private void end(@Nullable Throwable thrown) {
    if (!over.compareAndSet(false, true)) {
      return;
    }
    why = thrown;
    try {
      closeSource();
    } finally {
      if (Thread.currentThread() == reader) {
        // The client interrupts its own thread when it closes the stream. The interrupt must not
        // affect onEnd.
        Thread.interrupted();
      }
      onClose.run();
      ended.countDown();
      onEnd.accept(Optional.ofNullable(thrown));
    }
  }

  private void closeSource() {
    Closeable open = source;
    if (open != null) {
      try {
        open.close();
      } catch (IOException alreadyGone) {
        // The other side closed the stream first.
      }
    }
  }
}
