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
 * Tells callers apart who have no key yet: by what Envoy says of its client where Envoy shows its
 * token, else by the connection's other end. What a caller says of itself counts for nothing.
 */
public final class ClientAddress {
  /** Envoy's client; {@code envoy/envoy.yaml} names it too. */
  public static final Metadata.Key<String> CLIENT =
      Metadata.Key.of("x-chowder-client", Metadata.ASCII_STRING_MARSHALLER);

  /** The address that this call's client has, once {@link AuthInterceptor} has seen the call. */
  static final Context.Key<String> KEY = Context.key("client-address");

  /** Of an IPv6 address: what differs after them may all be one client's. */
  private static final int NETWORK_BYTES = 8;

  private final EnvoyToken envoy;

  public ClientAddress(EnvoyToken envoy) {
    this.envoy = envoy;
  }

  /** Returns the address that the current call's client has. */
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

  /** One text for each client; takes what Envoy says out of the headers. */
  public String of(ServerCall<?, ?> call, Metadata headers) {
    boolean fromEnvoy = envoy.takeFrom(headers);
    var client = headers.get(CLIENT);
    headers.discardAll(CLIENT);
    if (fromEnvoy && client != null) return of(client);
    var other = call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    return other instanceof InetSocketAddress socket
        ? of(socket.getAddress())
        : String.valueOf(other);
  }

  /** Returns what {@link #of} returned in the usual notation, such as {@code 192.0.2.1}. */
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
