package dev.chowder.client.failure;

import org.jspecify.annotations.Nullable;

/**
 * The client could not do what its caller wants. The message names the cause without a period. It
 * never contains a key, but may contain any character that a server or a user sent.
 */
public class ClientException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The kind of a failure. Later versions may add kinds. */
  public enum Kind {
    /** A value, a variable or a file of the caller is wrong. */
    INVALID,
    /** There is no context with this name. */
    NO_CONTEXT,
    /** No usable key was found. */
    NO_KEY,
    /** The host name of the server is unknown. */
    UNKNOWN_HOST,
    /** The server accepts no connections, so it received nothing. */
    UNREACHABLE,
    /** The URL begins with https, but the port has no TLS. */
    NO_TLS,
    /** The certificate of the server is not trusted. */
    UNTRUSTED,
    /** The server does not accept the client certificate, or requires one. */
    CERTIFICATE_REJECTED,
    /** The connection broke before the response; the call may have been executed. */
    CONNECTION_LOST,
    /** The time limit passed; the call may have been executed. */
    TIMED_OUT,
    /** The server responded with an error, see {@code ApiException}. */
    REJECTED,
    /** The response is larger than 32 MiB. */
    TOO_LARGE,
    /** The response is not what the API defines, as of a server that is not Chowder. */
    UNREADABLE,
    /** The thread was interrupted. It still is. */
    INTERRUPTED
  }

  private final Kind kind;

  public ClientException(Kind kind, String message) {
    this(kind, message, null);
  }

  public ClientException(Kind kind, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  /** Returns the failure of a wait that was interrupted, and interrupts the thread again. */
  public static ClientException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new ClientException(Kind.INTERRUPTED, "interrupted", cause);
  }

  public final Kind kind() {
    return kind;
  }
}
