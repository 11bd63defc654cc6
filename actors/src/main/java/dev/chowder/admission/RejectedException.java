package dev.chowder.admission;

/** Reports a {@link Rejection}. */
public final class RejectedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // Never serialized: thrown and caught in one process.
  private final Rejection why;

  public RejectedException(Rejection why) {
    // No stack trace: this is a reply, not a bug, and must be cheap.
    super(why.toString(), null, false, false);
    this.why = why;
  }

  public Rejection why() {
    return why;
  }
}
