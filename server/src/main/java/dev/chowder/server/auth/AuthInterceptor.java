package dev.chowder.server.auth;

import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Lets a call in only with a valid bearer key, and removes the key from the headers, so that
 * nothing behind it can log or forward it. Which methods need none is said by whoever builds the
 * server: the default is to need one.
 */
public final class AuthInterceptor implements ServerInterceptor {
  /** Where the key travels, in gRPC and REST alike. */
  public static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  // Long enough for every key that we give out; a longer text is not worth a hash.
  private static final Pattern BEARER =
      Pattern.compile("(?i:bearer) +(chd_(?:org|sk)_[A-Za-z0-9_-]{1,128})");

  private final KeyAuthenticator keys;
  private final Failures failures;
  private final Set<String> openMethods;

  /** Receives each failed authentication. Must not block. */
  @FunctionalInterface
  public interface Failures {
    void failed(ServerCall<?, ?> call, Metadata headers);
  }

  /**
   * Asks {@code keys} about every call but those to open methods.
   *
   * @param openMethods full names of the methods that need no key
   */
  public AuthInterceptor(KeyAuthenticator keys, Failures failures, Set<String> openMethods) {
    this.keys = keys;
    this.failures = failures;
    this.openMethods = Set.copyOf(openMethods);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Iterable<String> said = headers.removeAll(AUTHORIZATION);
    if (openMethods.contains(call.getMethodDescriptor().getFullMethodName())) {
      return next.startCall(call, headers);
    }
    Caller caller;
    try {
      caller = authenticate(said);
    } catch (ApiError why) {
      if (why.reason() == Reason.KEY_INVALID) failures.failed(call, headers);
      throw why;
    }
    return Contexts.interceptCall(
        Context.current().withValue(Caller.KEY, caller), call, headers, next);
  }

  private Caller authenticate(@Nullable Iterable<String> said) {
    if (said == null) {
      throw refused("none");
    }
    var values = said.iterator();
    String value = values.next();
    if (values.hasNext()) {
      throw refused("more than one");
    }
    var bearer = BEARER.matcher(value);
    if (!bearer.matches()) {
      throw refused("malformed");
    }
    return keys.authenticate(Secret.of(bearer.group(1))).orElseThrow(() -> refused("not valid"));
  }

  private static ApiError refused(String got) {
    return ApiError.of(
        Reason.KEY_INVALID, "authorization: " + got + " (expected: Bearer and a valid key)");
  }
}
