package dev.chowder.sandbox;

/**
 * Why a driver could not do what it was asked. Its message is in plain words and may be shown to
 * the caller.
 */
public final class SandboxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For programs. */
  public enum Reason {
    /** The snapshot is not on the host. */
    IMAGE_MISSING,
    /** The host or the sandbox's limit has not enough memory. */
    NO_MEMORY,
    /** The host's disk is full. */
    NO_SPACE,
    /** The engine does not answer, or has not answered so many other calls. */
    ENGINE_UNREACHABLE,
    /** There is no such sandbox or process. */
    NOT_FOUND,
    /** A home volume of another generation is there: an earlier one came back. */
    HOME_REPLACED,
    /** It took longer than allowed. */
    TIMED_OUT,
    /** The caller gave up. */
    INTERRUPTED,
    /** Anything else that the engine refused. */
    REFUSED
  }

  private final Reason reason;

  public SandboxException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public SandboxException(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
