package dev.chowder.cli.http;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;

/** The server, or Envoy, rejected a call. */
public final class ApiException extends CommandException {
  private static final long serialVersionUID = 1L;

  private final transient ApiError error;
  private final boolean isOfRepeatedCall;

  /**
   * Creates the failure.
   *
   * @param isOfRepeatedCall whether an earlier try of the call may have been executed
   */
  ApiException(ApiError error, boolean isOfRepeatedCall) {
    super(code(error), error.sentence());
    this.error = error;
    this.isOfRepeatedCall = isOfRepeatedCall;
  }

  /** Returns the reason of docs/REST.md; empty if the response has none. */
  public String reason() {
    return error.reason();
  }

  public int status() {
    return error.status();
  }

  /** Returns whether an earlier try of the call may have been executed. */
  public boolean isOfRepeatedCall() {
    return isOfRepeatedCall;
  }

  private static ExitCode code(ApiError error) {
    return switch (error.status()) {
      case 400 -> error.reason().equals("INVALID_FIELD") ? ExitCode.USAGE : ExitCode.CONFLICT;
      case 401, 403 -> ExitCode.DENIED;
      case 404 -> ExitCode.NOT_FOUND;
      case 402, 409, 507 -> ExitCode.CONFLICT;
      case 413, 414, 416, 431 -> ExitCode.USAGE;
      case 421, 429, 502, 503 -> ExitCode.UNAVAILABLE;
      case 408, 504 -> ExitCode.TIMED_OUT;
      default -> ExitCode.FAILED;
    };
  }
}
