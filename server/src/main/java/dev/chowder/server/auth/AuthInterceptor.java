package dev.chowder.server.auth;

import com.google.common.collect.ImmutableList;
import dev.chowder.server.rpc.RpcFacts;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.List;

/**
 * Authenticates each call by its bearer key, and removes the key from the headers, so that later
 * interceptors and services cannot log or forward it. Every method requires a key, unless the
 * protocol declares that it needs none.
 *
 * @param addresses finds the client's address, which is then stored in the call's context
 */
public record AuthInterceptor(KeyCheck keys, ClientAddress addresses) implements ServerInterceptor {
  /** The header that contains the key, in gRPC and in REST. */
  public static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Iterable<String> removed = headers.removeAll(AUTHORIZATION);
    String address = addresses.of(call, headers);
    var context = Context.current().withValue(ClientAddress.KEY, address);
    if (!RpcFacts.of(call.getMethodDescriptor()).needsNoKey()) {
      var values = removed == null ? List.<String>of() : ImmutableList.copyOf(removed);
      context = context.withValue(Caller.KEY, keys.caller(address, values));
    }
    return Contexts.interceptCall(context, call, headers, next);
  }
}
