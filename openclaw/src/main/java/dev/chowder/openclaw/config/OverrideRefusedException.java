package dev.chowder.openclaw.config;

/** Carries an {@link OverrideRefusal} out of a recursion. Never leaves this package. */
final class OverrideRefusedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient OverrideRefusal why;

  OverrideRefusedException(OverrideRefusal why) {
    super(why.toString(), null, false, false);
    this.why = why;
  }

  OverrideRefusal why() {
    return why;
  }
}
