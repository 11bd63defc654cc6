package dev.chowder.server.auth;

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
 * Lets a scoped key call only what its permissions are for, and only for the instances that it
 * names. Both are read from the protocol, so that a new RPC is covered without being named here,
 * and takes an organization's key only until its declaration says otherwise. It stands next to the
 * services, so that requests pass it as messages.
 */
public final class ScopeInterceptor implements ServerInterceptor {
  private static final String INSTANCE_ID = "instance_id";

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    var scope = Caller.ifKnown().flatMap(Caller::scope);
    if (scope.isEmpty()) return next.startCall(call, headers);
    var needed = permission(call.getMethodDescriptor());
    if (needed.isEmpty()) throw lacking("an organization's key");
    if (!scope.get().permissions().contains(needed.get())) {
      throw lacking("one with the permission " + needed.get().label());
    }
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean checked;

      @Override
      public void onMessage(Q request) {
        // What follows in a stream belongs to the instance that its first message names.
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
              + ": no instance_id (expected: one, as its RPC has a permission)");
    }
    var id = (String) request.getField(field);
    // What can be asked for all instances at once is for who may see them all.
    if (id.isEmpty()) throw lacking("an organization's key, or an instance_id");
    if (!scope.instanceIds().contains(id)) throw ApiError.instanceNotFound();
  }

  /** Empty: an organization's key only. */
  static Optional<Permission> permission(MethodDescriptor<?, ?> method) {
    if (!(method.getSchemaDescriptor() instanceof ProtoMethodDescriptorSupplier schema)) {
      return Optional.empty();
    }
    var said = schema.getMethodDescriptor().getOptions().getExtension(KeyProto.permission);
    return said == Key.Permission.unspecified
        ? Optional.empty()
        : Optional.of(Permission.ofLabel(said.name()));
  }

  private static ApiError lacking(String expected) {
    return ApiError.of(
        Reason.KEY_LACKS_PERMISSION, "key: a scoped one (expected: " + expected + ")");
  }
}
