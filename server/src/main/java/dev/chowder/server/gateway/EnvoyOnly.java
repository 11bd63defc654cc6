package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.ErrorInterceptor;
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
 * Rejects calls of the authorization service that do not come from Envoy. The service is on a port
 * that all callers reach, and it returns internal addresses that they must not see.
 */
public final class EnvoyOnly implements ServerInterceptor {
  private static final Logger LOG = LoggerFactory.getLogger(EnvoyOnly.class);

  private final EnvoyToken token;
  private final AtomicBoolean warned = new AtomicBoolean();

  public EnvoyOnly(EnvoyToken token) {
    this.token = token;
  }

  /** Returns the service behind this check. */
  public ServerServiceDefinition guard(BindableService service) {
    return ServerInterceptors.interceptForward(
        service, RequestId.interceptor(), new ErrorInterceptor(), this);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!token.takeFrom(headers)) {
      // Only once, since any client could otherwise fill the log.
      if (warned.compareAndSet(false, true)) {
        LOG.warn(
            "authorization call without Envoy's token; if Envoy sent it, render its configuration"
                + " again");
      }
      throw ApiError.of(Reason.KEY_INVALID, must(EnvoyToken.HEADER.name(), "be Envoy's token"));
    }
    return next.startCall(call, headers);
  }
}
