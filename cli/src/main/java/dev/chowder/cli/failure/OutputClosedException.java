package dev.chowder.cli.failure;

/** The reader of the output has ended. It is not an error. */
public final class OutputClosedException extends CommandException {
  private static final long serialVersionUID = 1L;

  public OutputClosedException(Throwable cause) {
    super(ExitCode.OUTPUT_CLOSED, "the reader of the output ended", cause);
  }
}
