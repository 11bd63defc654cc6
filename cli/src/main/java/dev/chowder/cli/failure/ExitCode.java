package dev.chowder.cli.failure;

/** The exit code of a command. Programs may rely on the numbers. */
public enum ExitCode {
  SUCCESS(0, "the command succeeded"),
  FAILED(1, "the command failed, or the agent did"),
  USAGE(2, "an argument, a variable or a file of the caller is wrong"),
  NOT_FOUND(3, "there is no such instance, context or other object"),
  DENIED(4, "the key is missing or wrong, or lacks the permission"),
  CONFLICT(5, "the status does not allow it, or a limit is reached"),
  UNAVAILABLE(6, "the server or the agent cannot be reached, or is busy"),
  TIMED_OUT(7, "the time limit passed; the operation may continue"),
  INTERRUPTED(130, "the user interrupted the command"),
  OUTPUT_CLOSED(141, "the reader of the output ended, as head does");

  private final int number;
  private final String meaning;

  ExitCode(int number, String meaning) {
    this.number = number;
    this.meaning = meaning;
  }

  public int number() {
    return number;
  }

  /** Returns when a command ends with this code, as the end of a sentence. */
  public String meaning() {
    return meaning;
  }

  /** Returns a failure with this code. Its message has the form of {@link CommandException}. */
  public CommandException failure(String message) {
    return new CommandException(this, message);
  }

  public CommandException failure(String message, Throwable cause) {
    return new CommandException(this, message, cause);
  }

  /** Returns the failure of an action, such as {@code write FILE}. */
  public CommandException cannot(String action, String cause, String remedy) {
    return failure("cannot %s: %s; %s".formatted(action, cause, remedy));
  }

  public CommandException cannot(String action, Exception cause, String remedy) {
    return failure("cannot %s: %s; %s".formatted(action, cause, remedy), cause);
  }
}
