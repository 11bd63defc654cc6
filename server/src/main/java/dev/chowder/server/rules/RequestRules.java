package dev.chowder.server.rules;

import com.google.protobuf.Message;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import org.jspecify.annotations.Nullable;

/**
 * Checks the fields of a request against the rules of the protocol. Does not check streamed
 * requests, whose fields have no rules except those of ids.
 */
public final class RequestRules implements ServerInterceptor {
  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var service = next.startCall(call, headers);
    if (!call.getMethodDescriptor().getType().clientSendsOneMessage()) return service;
    return new SimpleForwardingServerCallListener<>(service) {
      private @Nullable Message request;

      @Override
      public void onMessage(Q message) {
        request = (Message) message;
        super.onMessage(message);
      }

      @Override
      public void onHalfClose() {
        // Not earlier: a call whose idempotency key was used is answered before its fields are
        // checked.
        if (request != null) RuleCheck.check(request);
        super.onHalfClose();
      }
    };
  }
}
