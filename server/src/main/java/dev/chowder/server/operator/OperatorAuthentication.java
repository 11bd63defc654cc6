package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.must;

import com.google.common.collect.ImmutableList;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.error.ApiError;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.util.List;
import java.util.Objects;

/** Rejects every call without the operator token, including calls of methods that do not exist. */
record OperatorAuthentication(OperatorServer.Gate gate) implements ServerInterceptor {
  private static final Context.Key<String> CLIENT = Context.key("operator-client");

  /** Returns the client of the current call, as {@code ClientAddress} names it. */
  static String client() {
    return Objects.requireNonNull(CLIENT.get(), "no operator's call in this context");
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    // Removed, so that no later code can log the token.
    var values = headers.removeAll(AuthInterceptor.AUTHORIZATION);
    var client = gate.addresses().of(call, headers);
    if (!OperatorToken.isIn(
        values == null ? List.of() : ImmutableList.copyOf(values), gate.token())) {
      gate.audit().rejected(client);
      throw ApiError.of(
          Reason.KEY_INVALID,
          must("authorization", "be Bearer and the operator token", "another value"));
    }
    return Contexts.interceptCall(Context.current().withValue(CLIENT, client), call, headers, next);
  }
}
