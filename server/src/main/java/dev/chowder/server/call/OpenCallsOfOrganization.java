package dev.chowder.server.call;

import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.CallEnd;
import dev.chowder.server.rate.SharedPermits;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Bounds the calls that an organization has open at once on a node, including streams and calls
 * whose request is not complete. {@link OpenCallLimit} bounds all calls together, so without this
 * limit one organization could take them all. Needs the caller, so install it inside the
 * interceptor that checks the key.
 */
public final class OpenCallsOfOrganization implements ServerInterceptor {
  private final SharedPermits permits;

  /**
   * Creates the bound of a node.
   *
   * @param max open calls of all organizations together
   */
  public OpenCallsOfOrganization(int max) {
    this.permits = new SharedPermits("open calls", max);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var caller = Caller.ifKnown();
    if (caller.isEmpty()) return next.startCall(call, headers);
    var permit = permits.acquire(caller.get().organizationId());
    return CallEnd.start(call, headers, next, permit::close);
  }
}
