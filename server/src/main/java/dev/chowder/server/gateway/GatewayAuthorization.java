package dev.chowder.server.gateway;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.rpc.Code;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.server.auth.UnknownLimit;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import io.envoyproxy.envoy.service.auth.v3.AttributeContext;
import io.envoyproxy.envoy.service.auth.v3.CheckResponse;
import io.envoyproxy.envoy.service.auth.v3.OkHttpResponse;
import java.net.InetSocketAddress;
import java.util.Locale;
import java.util.Optional;

/**
 * Routes a request for {@code <instance id>.<base domain>} to the instance's gateway, or to a
 * channel plugin whose webhook has its own port. Checks no token, since the gateway and the plugin
 * do, but blocks the route that only Chowder may call. Bounds the cost of host names that no
 * instance has.
 */
public final class GatewayAuthorization {
  private final GatewayDirectory directory;
  private final ListenerDirectory listeners;
  private final String suffix;
  private final WebSocketListener onWebSocket;
  private final UnknownLimit<String> unknown;

  /** Receives a notification before a client opens a WebSocket to a gateway. Must not block. */
  @FunctionalInterface
  public interface WebSocketListener {
    void onOpening(String instanceId);
  }

  public GatewayAuthorization(
      GatewayDirectory directory,
      ListenerDirectory listeners,
      String baseDomain,
      WebSocketListener onWebSocket,
      UnknownLimit<String> unknown) {
    this.directory = directory;
    this.listeners = listeners;
    this.suffix = "." + baseDomain.toLowerCase(Locale.ROOT);
    this.onWebSocket = onWebSocket;
    this.unknown = unknown;
  }

  /**
   * Returns the address to which Envoy forwards the request.
   *
   * @param address of the client, as {@code ClientAddress} names it
   * @throws ApiError if the request must be rejected
   */
  CheckResponse decide(String address, AttributeContext.HttpRequest http) {
    Optional<String> instanceId = instanceId(http.getHost());
    if (instanceId.isEmpty() || AdminPath.matches(http.getPath())) {
      throw ApiError.instanceNotFound();
    }
    return switch (lookUp(address, instanceId.get())) {
      case Lookup.NotFound() -> throw ApiError.instanceNotFound();
      case Lookup.Suspended() -> throw ApiError.organizationSuspended();
      case Lookup.Unconfirmed unconfirmed -> throw unconfirmed.error();
      case Lookup.WrongState(var status, _) ->
          throw ApiError.of(Reason.INSTANCE_NOT_RUNNING, must("status", "be running", status));
      case Lookup.Target(var gateway, _, _, var home) -> {
        var port = listenerPort(http);
        if (port.isPresent()) yield listener(instanceId.get(), home, gateway, port.get());
        if ("websocket".equalsIgnoreCase(http.getHeadersOrDefault("upgrade", ""))) {
          onWebSocket.onOpening(instanceId.get());
        }
        yield allowed(gateway);
      }
    };
  }

  private Lookup lookUp(String address, String instanceId) {
    return unknown
        .find(
            address,
            instanceId,
            () ->
                Optional.of(directory.lookup(Optional.empty(), instanceId))
                    .filter(result -> !(result instanceof Lookup.NotFound)))
        .orElseGet(Lookup.NotFound::new);
  }

  /**
   * Returns the plugin's port if this is the webhook request that the chat service sends. Envoy has
   * resolved dots and slashes. Every other request, in any other spelling, goes to the gateway.
   */
  private static Optional<Integer> listenerPort(AttributeContext.HttpRequest http) {
    return http.getMethod().equals("POST")
        ? Channel.portOfWebhook(http.getPath())
        : Optional.empty();
  }

  private CheckResponse listener(
      String instanceId, Optional<HomeRef> home, InetSocketAddress gateway, int port) {
    return listeners
        .lookup(instanceId, home, gateway, port)
        .map(GatewayAuthorization::allowed)
        .orElseThrow(
            () ->
                ApiError.of(
                    Reason.GATEWAY_UNAVAILABLE,
                    cannot("call the webhook", "the sandbox has no address")));
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
}
