package dev.chowder.server.call;

import dev.chowder.server.auth.Caller;
import dev.chowder.server.rate.SharedPermits;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
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
    try {
      return new Open<>(next.startCall(call, headers), permit);
    } catch (RuntimeException | Error thrown) {
      permit.close();
      throw thrown;
    }
  }

  private static final class Open<Q> extends SimpleForwardingServerCallListener<Q> {
    private final SharedPermits.Permit permit;

    Open(ServerCall.Listener<Q> listener, SharedPermits.Permit permit) {
      super(listener);
      this.permit = permit;
    }

    // The transport calls exactly one of these two, whatever happens to the call.
    @Override
    public void onCancel() {
      permit.close();
      super.onCancel();
    }

    @Override
    public void onComplete() {
      permit.close();
      super.onComplete();
    }
  }
}
