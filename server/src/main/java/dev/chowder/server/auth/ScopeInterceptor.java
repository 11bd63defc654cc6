package dev.chowder.server.auth;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.chowder.api.v1.Key;
import dev.chowder.api.v1.KeyProto;
import dev.chowder.key.KeyScope;
import dev.chowder.key.Permission;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import java.util.Optional;

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
    var needed = permission(call.getMethodDescriptor());
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

  /** Returns the permission that a method requires; empty if it requires an organization key. */
  static Optional<Permission> permission(MethodDescriptor<?, ?> method) {
    if (!(method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema)) {
      return Optional.empty();
    }
    var declared = schema.getMethodDescriptor().getOptions().getExtension(KeyProto.permission);
    return declared == Key.Permission.unspecified
        ? Optional.empty()
        : Optional.of(Permission.ofLabel(declared.name()));
  }

  private static ApiError scopedKey(String verb, String remedy) {
    return lacking(cannot(verb, "the key is a scoped key", remedy));
  }

  private static ApiError lacking(String message) {
    return ApiError.of(Reason.KEY_LACKS_PERMISSION, message);
  }
}
