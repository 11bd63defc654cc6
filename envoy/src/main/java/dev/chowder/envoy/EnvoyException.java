package dev.chowder.envoy;

/**
 * Envoy cannot be configured or found. The message is one sentence for the user, without a period.
 */
public final class EnvoyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  EnvoyException(String message) {
    super(message);
  }

  EnvoyException(String message, Throwable cause) {
    super(message, cause);
  }
}
