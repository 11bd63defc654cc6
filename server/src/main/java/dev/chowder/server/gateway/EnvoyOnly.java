package dev.chowder.server.gateway;

import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.ErrorInterceptor;
import dev.chowder.server.error.Reason;
import dev.chowder.server.error.RequestId;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets nobody but Envoy ask where a gateway is: the answer is an address that callers need not
 * know, and the question is on the port that they all reach.
 */
public final class EnvoyOnly implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(EnvoyOnly.class);

  private final EnvoyToken token;
  private final AtomicBoolean told = new AtomicBoolean();

  public EnvoyOnly(EnvoyToken token) {
    this.token = token;
  }

  /** The service, behind this check. */
  public ServerServiceDefinition guard(BindableService service) {
    return ServerInterceptors.interceptForward(
        service, RequestId.interceptor(), new ErrorInterceptor(), this);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!token.takeFrom(headers)) {
      // Once: whoever is not Envoy could fill the log.
      if (told.compareAndSet(false, true)) {
        LOG.warn(
            "asked for a gateway without Envoy's token: if by Envoy, render its configuration anew");
      }
      throw ApiError.of(
          Reason.KEY_INVALID, EnvoyToken.HEADER.name() + ": not valid (expected: Envoy's token)");
    }
    return next.startCall(call, headers);
  }
}
