package dev.chowder.server.file;

import com.google.protobuf.ByteString;
import dev.chowder.instance.InstanceId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A call that writes its body to a workspace while the body arrives. The response follows the whole
 * body, since a client that is still sending may lose an earlier one. The rest of a rejected body
 * is therefore read and dropped, up to a limit.
 *
 * @param <Q> request messages
 * @param <A> response
 */
abstract class IncomingFiles<Q, A> implements StreamObserver<Q> {
  private final StreamObserver<A> out;
  private final long dropped;
  private final BodyPipe pipe;
  private CompletableFuture<A> work = CompletableFuture.failedFuture(noMessage());
  private boolean started;
  private boolean closed;
  private long received;

  /**
   * Creates the call, which starts with its first message.
   *
   * @param settings how slowly a body may arrive, and how much is dropped after a rejection
   */
  IncomingFiles(StreamObserver<A> out, FileSettings settings) {
    this.out = out;
    this.dropped = settings.maxDroppedBytes();
    this.pipe = new BodyPipe(settings.stallTimeout(), settings.minUploadBytes());
    // A listener, since a cancellation must not queue behind a message that blocks.
    Context.current().addListener(_ -> pipe.abandon(), Runnable::run);
  }

  private static ApiError noMessage() {
    return ApiError.must("body", "begin with a message that has the instance", "no message");
  }

  /** Parses the first message, and returns the work for the body. Runs on the call's thread. */
  abstract Supplier<A> begin(Q first, BodyPipe body);

  abstract ByteString data(Q message);

  @Override
  public void onNext(Q message) {
    if (closed) return;
    if (!started) {
      started = true;
      work = start(message);
    }
    received += data(message).size();
    try {
      pipe.put(data(message));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    if (work.isCompletedExceptionally() && received > dropped) respond();
  }

  private CompletableFuture<A> start(Q message) {
    try {
      var todo = begin(message, pipe);
      var done = new CompletableFuture<A>();
      Thread.ofVirtual()
          .name("files-in")
          .start(
              () -> {
                try {
                  done.complete(todo.get());
                } catch (RuntimeException | Error why) {
                  done.completeExceptionally(why);
                } finally {
                  pipe.close();
                }
              });
      return done;
    } catch (ApiError why) {
      pipe.close();
      return CompletableFuture.failedFuture(why);
    }
  }

  @Override
  public void onCompleted() {
    pipe.end();
    respond();
  }

  /** The client disconnected. */
  @Override
  public void onError(Throwable disconnected) {
    closed = true;
    pipe.abandon();
  }

  private void respond() {
    if (closed) return;
    closed = true;
    try {
      var response = work.join();
      out.onNext(response);
      out.onCompleted();
    } catch (CompletionException why) {
      out.onError(why.getCause());
    }
  }

  /** Returns work in an instance's workspace. A body that arrives in part changes nothing there. */
  static <A> Supplier<A> in(
      Workspaces workspaces,
      Caller caller,
      InstanceId id,
      Function<dev.chowder.sandbox.HomeFolder, A> work) {
    return () -> {
      try {
        return workspaces.change(caller, id, work);
      } catch (java.io.UncheckedIOException broken) {
        throw ApiError.must("body", "be complete");
      }
    };
  }
}
