package dev.chowder.server.auth;

import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;

/**
 * Identifies clients that are not authenticated yet, by address. Uses the address that Envoy
 * reports if the request contains Envoy's token, else the remote address of the connection. Headers
 * that a client sets itself are ignored.
 */
public record ClientAddress(EnvoyToken envoy) {
  /** Envoy's header with its client's address; {@code envoy/envoy.yaml} names it too. */
  public static final Metadata.Key<String> CLIENT =
      Metadata.Key.of("x-chowder-client", Metadata.ASCII_STRING_MARSHALLER);

  /** The client's address; {@link AuthInterceptor} sets it. */
  static final Context.Key<String> KEY = Context.key("client-address");

  /** Leading bytes of an IPv6 address that identify a client: it may own a whole /64 network. */
  private static final int NETWORK_BYTES = 8;

  /** Returns the client's address of the current call. */
  public static String current() {
    return Objects.requireNonNull(KEY.get(), "no client address in this context");
  }

  /** Returns the text for the client with this IPv4 or IPv6 address. */
  public static String of(String literal) {
    return of(InetAddress.ofLiteral(literal));
  }

  /** Returns the text for the client with this address. */
  public static String of(InetAddress address) {
    var bytes = address.getAddress();
    int length = address instanceof Inet6Address ? NETWORK_BYTES : bytes.length;
    return HexFormat.of().formatHex(bytes, 0, length);
  }

  /** Returns the text that identifies the call's client, and removes Envoy's headers. */
  public String of(ServerCall<?, ?> call, Metadata headers) {
    boolean fromEnvoy = envoy.takeFrom(headers);
    var client = headers.get(CLIENT);
    headers.discardAll(CLIENT);
    if (fromEnvoy && client != null) return of(client);
    var remote = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    return remote instanceof InetSocketAddress socket
        ? of(socket.getAddress())
        : String.valueOf(remote);
  }

  /** Returns a text from {@link #of} in the usual notation, such as {@code 192.0.2.1}. */
  public static String shown(String client) {
    try {
      var bytes = HexFormat.of().parseHex(client);
      boolean isNetwork = bytes.length == NETWORK_BYTES;
      var address = InetAddress.getByAddress(isNetwork ? Arrays.copyOf(bytes, 16) : bytes);
      return address.getHostAddress() + (isNetwork ? "/64" : "");
    } catch (IllegalArgumentException | UnknownHostException notAnAddress) {
      return client;
    }
  }
}
