package dev.chowder.cli.failure;

import dev.chowder.client.ApiException;
import java.util.Optional;

/**
 * The failure of a command. Its message is one sentence with the cause and the remedy, in the form
 * {@code cannot VERB: CAUSE; REMEDY}, without a period. It never contains a key.
 */
public class CommandException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ExitCode code;

  protected CommandException(ExitCode code, String message) {
    super(message);
    this.code = code;
  }

  protected CommandException(ExitCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** Returns the failure of a wait that was interrupted, and interrupts the thread again. */
  public static CommandException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return ExitCode.INTERRUPTED.failure("interrupted", cause);
  }

  /** Returns the error of the server, if it is the cause. */
  public Optional<ApiException> rejection() {
    return getCause() instanceof ApiException error ? Optional.of(error) : Optional.empty();
  }

  public ExitCode code() {
    return code;
  }
}
