package dev.chowder.server.auth;

import com.google.common.collect.ImmutableList;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.List;
import java.util.Set;

/**
 * Lets a call in only with a valid bearer key, and removes the key from the headers, so that
 * nothing behind it can log or forward it. Which methods need none is said by whoever builds the
 * server: the default is to need one.
 */
public final class AuthInterceptor implements ServerInterceptor {
  /** Where the key travels, in gRPC and REST alike. */
  public static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final KeyCheck keys;
  private final ClientAddress addresses;
  private final Set<String> openMethods;

  /**
   * Checks every call with {@code keys}, except calls of open methods.
   *
   * @param addresses returns the client's address, which the call's context holds from here on
   * @param openMethods full names of the methods that need no key
   */
  public AuthInterceptor(KeyCheck keys, ClientAddress addresses, Set<String> openMethods) {
    this.keys = keys;
    this.addresses = addresses;
    this.openMethods = Set.copyOf(openMethods);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Iterable<String> said = headers.removeAll(AUTHORIZATION);
    String address = addresses.of(call, headers);
    var context = Context.current().withValue(ClientAddress.KEY, address);
    if (!openMethods.contains(call.getMethodDescriptor().getFullMethodName())) {
      var values = said == null ? List.<String>of() : ImmutableList.copyOf(said);
      context = context.withValue(Caller.KEY, keys.caller(address, values));
    }
    return Contexts.interceptCall(context, call, headers, next);
  }
}
