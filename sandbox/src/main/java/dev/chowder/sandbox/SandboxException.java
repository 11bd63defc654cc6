package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;

/**
 * Thrown if an engine could not do what the caller requested. The message may be shown to the
 * caller.
 */
public final class SandboxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The reason, for programs. */
  public enum Reason {
    /** The snapshot is not on the host. */
    IMAGE_MISSING,
    /** The host has not enough memory, or the sandbox reached its limit. */
    NO_MEMORY,
    /** The host's disk is full. */
    NO_SPACE,
    /** The engine did not respond, or too many other calls still wait for it. */
    ENGINE_UNREACHABLE,
    /** There is no such sandbox or process. */
    NOT_FOUND,
    /** The sandbox is on an engine or a host that this node does not have. */
    ELSEWHERE,
    /** The existing home volume has another generation, because an earlier one reappeared. */
    HOME_REPLACED,
    /**
     * The path of a file has a folder, a link, or a file with more bytes than the caller reads; or
     * a folder of the path is a file or a link to itself.
     */
    FILE_REFUSED,
    /** The call took longer than allowed. */
    TIMED_OUT,
    /** The caller interrupted the call. */
    INTERRUPTED,
    /** The engine rejected the call for any other reason. */
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

  /** Returns the error for a call that needs the home volume of a sandbox that has none. */
  public static SandboxException noHome(SandboxId id) {
    return notFound("access " + id, "its home volume does not exist");
  }

  /** Returns the error for a call whose sandbox or process does not exist. */
  public static SandboxException notFound(String verb, String cause) {
    return new SandboxException(Reason.NOT_FOUND, cannot(verb, cause));
  }

  public Reason reason() {
    return reason;
  }
}
