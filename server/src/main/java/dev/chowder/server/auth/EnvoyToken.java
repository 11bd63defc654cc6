package dev.chowder.server.auth;

import io.grpc.Metadata;

/**
 * Recognizes requests from Envoy on a port that other clients also reach. Envoy sends a token,
 * which its configuration contains and the server reads from a file.
 */
public final class EnvoyToken {
  /** The header that contains the token; {@code envoy/envoy.yaml} names it too. */
  public static final Metadata.Key<String> HEADER =
      Metadata.Key.of("x-chowder-envoy", Metadata.ASCII_STRING_MARSHALLER);

  private final TokenFile token;

  public EnvoyToken(TokenFile token) {
    this.token = token;
  }

  /**
   * Returns whether the headers contain the token; removes it, so that later code cannot log it.
   */
  public boolean takeFrom(Metadata headers) {
    String value = headers.get(HEADER);
    headers.discardAll(HEADER);
    return value != null && token.is(value);
  }
}
