package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.server.stream.Unary.answer;

import com.google.rpc.Code;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.rate.BodyLimit;
import dev.chowder.storage.Outage;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.auth.v3.AttributeContext;
import io.envoyproxy.envoy.service.auth.v3.AuthorizationGrpc;
import io.envoyproxy.envoy.service.auth.v3.CheckRequest;
import io.envoyproxy.envoy.service.auth.v3.CheckResponse;
import io.envoyproxy.envoy.service.auth.v3.DeniedHttpResponse;
import io.envoyproxy.envoy.service.auth.v3.OkHttpResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.envoyproxy.envoy.type.v3.StatusCode;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Implements Envoy's external authorization, which Envoy calls after it has read a request's
 * headers. For the API's hosts it decides whether Envoy may accept a body; this depends on the API
 * key and on the organization's bytes in transit. For instances' hosts it returns the address of
 * the gateway.
 */
public final class EnvoyAuthorizationService extends AuthorizationGrpc.AuthorizationImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(EnvoyAuthorizationService.class);

  private final KeyCheck keys;
  private final BodyLimit bodies;
  private final GatewayAuthorization gateways;

  /**
   * Creates the service, which uses {@code keys} and {@code bodies} for the API's hosts, and {@code
   * gateways} for instances' hosts.
   */
  public EnvoyAuthorizationService(KeyCheck keys, BodyLimit bodies, GatewayAuthorization gateways) {
    this.keys = keys;
    this.bodies = bodies;
    this.gateways = gateways;
  }

  @Override
  public void check(CheckRequest request, StreamObserver<CheckResponse> observer) {
    CheckResponse response;
    try {
      response = decide(request.getAttributes());
    } catch (ApiError why) {
      response = denied(why);
    } catch (RuntimeException thrown) {
      response = denied(explain(thrown));
    }
    answer(observer, response);
  }

  /** Logs the cause like {@code ErrorInterceptor}: an outage of the database is not a bug. */
  private static ApiError explain(RuntimeException thrown) {
    if (Outage.isBehind(thrown)) {
      LOG.warn(
          "a query of Envoy failed: the database does not answer: {}",
          thrown.toString().lines().findFirst().orElse(""));
      return ApiError.databaseUnavailable();
    }
    LOG.error("a query of Envoy failed", thrown);
    return ApiError.of(
        Reason.INTERNAL, cannot("complete the call", "a bug in Chowder", "see the server's log"));
  }

  private CheckResponse decide(AttributeContext attributes) {
    var address =
        ClientAddress.of(attributes.getSource().getAddress().getSocketAddress().getAddress());
    var http = attributes.getRequest().getHttp();
    // Set by envoy/envoy.yaml. Clients cannot set it, since they can only set headers.
    if (!attributes.getContextExtensionsOrDefault("check", "").equals("api_key")) {
      return gateways.decide(address, http);
    }
    var header = Optional.ofNullable(http.getHeadersMap().get("authorization"));
    var caller = keys.caller(address, header.map(List::of).orElse(List.of()));
    bodies.admit(caller.organizationId(), length(http, attributes.getContextExtensionsMap()));
    return CheckResponse.newBuilder()
        .setStatus(com.google.rpc.Status.newBuilder().setCode(Code.OK_VALUE))
        .setOkResponse(OkHttpResponse.getDefaultInstance())
        .build();
  }

  /**
   * Returns the length of the body, or its maximum; empty if unknown. An HTTP/1 request without
   * both headers has no body. An HTTP/2 request may have one; Envoy's route states the maximum if
   * it is lower than usual.
   */
  private static OptionalLong length(
      AttributeContext.HttpRequest http, Map<String, String> extensions) {
    var headers = http.getHeadersMap();
    var contentLength = headers.get("content-length");
    if (contentLength != null) return number(contentLength);
    boolean isHttp1 = http.getProtocol().startsWith("HTTP/1.");
    if (isHttp1 && !headers.containsKey("transfer-encoding")) return OptionalLong.of(0);
    return number(extensions.getOrDefault("max_body_bytes", ""));
  }

  private static OptionalLong number(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException notALength) {
      return OptionalLong.empty();
    }
  }

  private static CheckResponse denied(ApiError error) {
    var http =
        DeniedHttpResponse.newBuilder()
            .setStatus(HttpStatus.newBuilder().setCode(StatusCode.forNumber(error.httpStatus())))
            .setBody(error.toJson());
    error.restHeaders().forEach((name, value) -> http.addHeaders(header(name, value)));
    return CheckResponse.newBuilder()
        .setStatus(com.google.rpc.Status.newBuilder().setCode(error.code().value()))
        .setDeniedResponse(http)
        .build();
  }

  private static HeaderValueOption header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value))
        .build();
  }
}
