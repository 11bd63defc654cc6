package dev.chowder.program;

import org.jspecify.annotations.Nullable;

/** A program could not run, did not end in time, or failed. The message is one sentence. */
public final class ProgramException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public ProgramException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
