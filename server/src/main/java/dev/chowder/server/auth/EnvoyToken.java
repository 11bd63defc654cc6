package dev.chowder.server.auth;

import io.grpc.Metadata;

/**
 * Tells Envoy from everybody else who reaches the same port: it shows a token, which its
 * configuration got from a file of the server's.
 */
public final class EnvoyToken {
  /** Where Envoy shows it; {@code envoy/envoy.yaml} names it too. */
  public static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-chowder-envoy", Metadata.ASCII_STRING_MARSHALLER);

  private final TokenFile token;

  public EnvoyToken(TokenFile token) {
    this.token = token;
  }

  /** Whether these headers show it; takes it out of them, so that nothing behind can log it. */
  public boolean takeFrom(Metadata headers) {
    String shown = headers.get(HEADER);
    headers.discardAll(HEADER);
    return shown != null && token.is(shown);
  }
}
