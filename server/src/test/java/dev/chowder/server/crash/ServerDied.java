package dev.chowder.server.crash;

/** The server died before it responded, so the call may or may not have taken effect. */
final class ServerDied extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ServerDied(Throwable cause) {
    super("the server died", cause);
  }
}
