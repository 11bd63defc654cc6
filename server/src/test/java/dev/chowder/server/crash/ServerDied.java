package dev.chowder.server.crash;

/** The server died before it answered: nobody knows whether what was asked happened. */
final class ServerDied extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ServerDied(Throwable cause) {
    super("the server died", cause);
  }
}
