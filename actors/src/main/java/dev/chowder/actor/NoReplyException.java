package dev.chowder.actor;

/** Reports that the reply of an actor did not arrive. The actor may still apply the command. */
public final class NoReplyException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final String actor;
  private final Cause cause;

  /** Why no reply arrived. */
  public enum Cause {
    /** The actor did not reply in time. */
    TIMED_OUT,
    /** The waiting thread was interrupted, and still is. */
    INTERRUPTED
  }

  /**
   * Creates the report.
   *
   * @param actor a name of the actor, such as "the instance"
   */
  public NoReplyException(String actor, Cause cause) {
    super(actor + " did not reply", null, false, false);
    this.actor = actor;
    this.cause = cause;
  }

  /** Returns a name of the actor, such as "the instance". */
  public String actor() {
    return actor;
  }

  /** Returns why no reply arrived. */
  public Cause why() {
    return cause;
  }
}
