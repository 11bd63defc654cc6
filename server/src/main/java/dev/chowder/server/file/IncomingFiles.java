package dev.chowder.server.file;

import com.google.protobuf.ByteString;
import dev.chowder.instance.InstanceId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A call whose body goes into a workspace while it comes. The answer is given when all came: one
 * that comes earlier is lost to whoever is still sending, so what follows a refusal is dropped, up
 * to a limit.
 *
 * @param <Q> its messages
 * @param <A> its answer
 */
abstract class IncomingFiles<Q, A> implements StreamObserver<Q> {
  private final StreamObserver<A> out;
  private final long dropped;
  private final BodyPipe pipe;
  private CompletableFuture<A> work = CompletableFuture.failedFuture(nothing());
  private boolean begun;
  private boolean over;
  private long came;

  /**
   * Begins with the first message.
   *
   * @param settings how slowly a body may arrive, and how much is dropped after a rejection
   */
  IncomingFiles(StreamObserver<A> out, FileSettings settings) {
    this.out = out;
    this.dropped = settings.droppedBytes();
    this.pipe = new BodyPipe(settings.patience(), settings.minUploadBytes());
    // Not in its turn behind the messages: the last of them may wait for room.
    Context.current().addListener(_ -> pipe.abandon(), Runnable::run);
  }

  private static ApiError nothing() {
    return ApiError.invalid("body", "no message (expected: the instance and its bytes)");
  }

  /** Reads the first message, and says what is to be done with the body; on the call's thread. */
  abstract Supplier<A> begin(Q first, BodyPipe body);

  abstract ByteString data(Q message);

  @Override
  public void onNext(Q message) {
    if (over) return;
    if (!begun) {
      begun = true;
      work = start(message);
    }
    came += data(message).size();
    try {
      pipe.put(data(message));
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      return;
    }
    if (work.isCompletedExceptionally() && came > dropped) answer();
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
    answer();
  }

  /** The caller went away. */
  @Override
  public void onError(Throwable gone) {
    over = true;
    pipe.abandon();
  }

  private void answer() {
    if (over) return;
    over = true;
    try {
      var answer = work.join();
      out.onNext(answer);
      out.onCompleted();
    } catch (CompletionException why) {
      out.onError(why.getCause());
    }
  }

  /** Of an instance's workspace; what only came in part is as if it had never come. */
  static <A> Supplier<A> in(
      Workspaces workspaces,
      Caller caller,
      InstanceId id,
      Function<dev.chowder.sandbox.SandboxFiles, A> work) {
    return () -> {
      try {
        return workspaces.in(caller, id, work);
      } catch (java.io.UncheckedIOException broken) {
        throw ApiError.of(Reason.INVALID_FIELD, "body: broken (expected: a whole one)");
      }
    };
  }
}
