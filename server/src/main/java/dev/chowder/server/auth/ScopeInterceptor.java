package dev.chowder.server.auth;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.chowder.api.v1.Reason;
import dev.chowder.key.KeyScope;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rpc.RpcFacts;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;

/**
 * Restricts scoped keys to the RPCs that their permissions allow and to the instances that they
 * list. Reads the required permission and the instance id from the protocol, so that it covers new
 * RPCs without a change. An RPC without a declared permission requires an organization key. Reads
 * messages, so it runs after they are parsed.
 */
public final class ScopeInterceptor implements ServerInterceptor {
  private static final String INSTANCE_ID = "instance_id";
  private static final String ORGANIZATION_KEY = "use an organization key";

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var scope = Caller.ifKnown().flatMap(Caller::scope);
    if (scope.isEmpty()) return next.startCall(call, headers);
    var needed = RpcFacts.of(call.getMethodDescriptor()).permission();
    if (needed.isEmpty()) {
      throw scopedKey("call " + call.getMethodDescriptor().getBareMethodName(), ORGANIZATION_KEY);
    }
    if (!scope.get().permissions().contains(needed.get())) {
      throw lacking(
          cannot(
              "call " + call.getMethodDescriptor().getBareMethodName(),
              "the key lacks the permission " + needed.get().label()));
    }
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean checked;

      @Override
      public void onMessage(Q request) {
        // Later messages of a stream belong to the instance that the first one names.
        if (!checked) check(scope.get(), (Message) request);
        checked = true;
        super.onMessage(request);
      }
    };
  }

  private static void check(KeyScope scope, Message request) {
    FieldDescriptor field = request.getDescriptorForType().findFieldByName(INSTANCE_ID);
    if (field == null) {
      throw new IllegalStateException(
          request.getDescriptorForType().getFullName()
              + ": must have a field instance_id, since its RPC has a permission");
    }
    var id = (String) request.getField(field);
    // Without an id, the call concerns all instances, and only organization keys may see all.
    if (id.isEmpty()) {
      throw scopedKey("call this for all instances", ORGANIZATION_KEY + " or set instance_id");
    }
    if (!scope.instanceIds().contains(id)) throw ApiError.instanceNotFound();
  }

  private static ApiError scopedKey(String verb, String remedy) {
    return lacking(cannot(verb, "the key is a scoped key", remedy));
  }

  private static ApiError lacking(String message) {
    return ApiError.of(Reason.KEY_LACKS_PERMISSION, message);
  }
}
