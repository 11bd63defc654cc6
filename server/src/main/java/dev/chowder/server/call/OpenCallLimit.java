package dev.chowder.server.call;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.CallEnd;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.concurrent.Semaphore;

/**
 * Bounds the number of calls that are open on a node at once, over all connections, because each
 * holds a virtual thread. Does not distinguish callers.
 */
public final class OpenCallLimit implements ServerInterceptor {
  private static final int RETRY_AFTER_SECONDS = 1;

  private final Semaphore free;
  private final int max;

  public OpenCallLimit(int max) {
    this.max = max;
    this.free = new Semaphore(max);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!free.tryAcquire()) {
      throw ApiError.noCapacity(
          cannot(
              "start the call", "this node has " + max + " open calls, its limit", "retry later"),
          RETRY_AFTER_SECONDS);
    }
    return CallEnd.start(call, headers, next, free::release);
  }
}
