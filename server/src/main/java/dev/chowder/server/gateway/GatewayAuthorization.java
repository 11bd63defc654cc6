package dev.chowder.server.gateway;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.Code;
import dev.chowder.actor.Ids;
import dev.chowder.openclaw.Channel;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.gateway.GatewayDirectory.Place;
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
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers Envoy's question where a request for {@code <instance id>.<base domain>} goes: to the
 * gateway, or to a channel's plugin that has a webhook on a port of its own. It checks no token,
 * the gateway and the plugin do; but it lets nobody through to what only Chowder may ask of a
 * gateway.
 */
public final class GatewayAuthorization extends AuthorizationGrpc.AuthorizationImplBase {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayAuthorization.class);

  private final GatewayDirectory directory;
  private final ListenerDirectory listeners;
  private final String suffix;
  private final WebSocketNotice onWebSocket;

  /** Hears that somebody opens a WebSocket to an instance's gateway. Must not block. */
  @FunctionalInterface
  public interface WebSocketNotice {
    void opening(String instanceId);
  }

  public GatewayAuthorization(
      GatewayDirectory directory,
      ListenerDirectory listeners,
      String baseDomain,
      WebSocketNotice onWebSocket) {
    this.directory = directory;
    this.listeners = listeners;
    this.suffix = "." + baseDomain.toLowerCase(Locale.ROOT);
    this.onWebSocket = onWebSocket;
  }

  @Override
  public void check(CheckRequest request, StreamObserver<CheckResponse> answer) {
    CheckResponse response;
    try {
      response = decide(request.getAttributes().getRequest().getHttp());
    } catch (RuntimeException thrown) {
      LOG.error("question for a gateway failed", thrown);
      response = denied(ApiError.of(Reason.INTERNAL, "internal: a bug in Chowder"));
    }
    answer.onNext(response);
    answer.onCompleted();
  }

  private CheckResponse decide(AttributeContext.HttpRequest http) {
    Optional<String> instanceId = instanceId(http.getHost());
    if (instanceId.isEmpty() || AdminPath.isMeantBy(http.getPath())) {
      return denied(ApiError.instanceNotFound());
    }
    return switch (directory.lookup(Optional.empty(), instanceId.get())) {
      case Place.NotFound() -> denied(ApiError.instanceNotFound());
      case Place.Suspended() -> denied(ApiError.organizationSuspended());
      case Place.WrongState(var status, _) ->
          denied(
              ApiError.of(
                  Reason.INSTANCE_NOT_RUNNING, "status: " + status + " (expected: running)"));
      case Place.Target(var address, _, _) -> {
        var port = listenerPort(http);
        if (port.isPresent()) yield listener(instanceId.get(), address, port.get());
        if ("websocket".equalsIgnoreCase(http.getHeadersOrDefault("upgrade", ""))) {
          onWebSocket.opening(instanceId.get());
        }
        yield allowed(address);
      }
    };
  }

  /**
   * Of all that may be asked, the one request that a service sends. Envoy has resolved dots and
   * slashes; what is spelled in yet another way is the gateway's, as everything else is.
   */
  private static Optional<Integer> listenerPort(AttributeContext.HttpRequest http) {
    return http.getMethod().equals("POST")
        ? Channel.portOfWebhook(http.getPath())
        : Optional.empty();
  }

  private CheckResponse listener(String instanceId, InetSocketAddress gateway, int port) {
    return listeners
        .lookup(instanceId, gateway, port)
        .map(GatewayAuthorization::allowed)
        .orElseGet(
            () ->
                denied(
                    ApiError.of(
                        Reason.GATEWAY_UNAVAILABLE, "sandbox: not found (expected: an address)")));
  }

  private Optional<String> instanceId(String host) {
    String name = host.toLowerCase(Locale.ROOT);
    int colon = name.indexOf(':');
    if (colon >= 0) {
      name = name.substring(0, colon);
    }
    if (!name.endsWith(suffix)) {
      return Optional.empty();
    }
    return Optional.of(name.substring(0, name.length() - suffix.length())).filter(Ids::isId);
  }

  private static CheckResponse allowed(InetSocketAddress address) {
    String destination = address.getAddress().getHostAddress() + ":" + address.getPort();
    return CheckResponse.newBuilder()
        .setStatus(com.google.rpc.Status.newBuilder().setCode(Code.OK_VALUE))
        .setOkResponse(OkHttpResponse.getDefaultInstance())
        .setDynamicMetadata(
            Struct.newBuilder()
                .putFields("dst", Value.newBuilder().setStringValue(destination).build()))
        .build();
  }

  private static CheckResponse denied(ApiError error) {
    return CheckResponse.newBuilder()
        .setStatus(com.google.rpc.Status.newBuilder().setCode(error.reason().code().value()))
        .setDeniedResponse(
            DeniedHttpResponse.newBuilder()
                .setStatus(
                    HttpStatus.newBuilder()
                        .setCode(StatusCode.forNumber(error.reason().httpStatus())))
                .addHeaders(header("content-type", "application/json"))
                .setBody(error.toJson()))
        .build();
  }

  private static HeaderValueOption header(String name, String value) {
    return HeaderValueOption.newBuilder()
        .setHeader(HeaderValue.newBuilder().setKey(name).setValue(value))
        .build();
  }
}
