package dev.chowder.cli.command;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.output.Notices;
import dev.chowder.cli.output.Output;
import dev.chowder.client.ApiException;

/** The streams of one run, and the variables that the user set. */
public class Console {
  private final Environment environment;
  private final Notices notices;
  private final Output output;
  private boolean hasJsonErrors;

  /** Prints to the streams of the environment, and says what is no result by the notices. */
  public Console(Environment environment, Notices notices) {
    this.environment = environment;
    this.notices = notices;
    this.output = new Output(environment.output());
  }

  public final Environment environment() {
    return environment;
  }

  public final Output output() {
    return output;
  }

  public final Notices notices() {
    return notices;
  }

  /** From now on, errors are printed as JSON. */
  final void useJsonErrors() {
    hasJsonErrors = true;
  }

  /** Prints a failure: as a sentence, or as JSON if the output of the command is JSON. */
  public final void report(CommandException failure) {
    report(failure, String.valueOf(failure.getMessage()));
  }

  /** Prints the failure of one of several instances, or of other objects. */
  public final void report(CommandException failure, String message) {
    var id = failure.rejection().map(ApiException::requestId).orElse("");
    if (!hasJsonErrors) {
      notices.say("chowder: " + message + (id.isEmpty() ? "." : " (request " + id + ")."));
      return;
    }
    var json = Json.of("message", message);
    json.addProperty("exit_code", failure.code().number());
    failure
        .rejection()
        .ifPresent(
            error -> {
              json.addProperty("status", error.status());
              if (!error.reason().isEmpty()) json.addProperty("reason", error.reason());
              if (!id.isEmpty()) json.addProperty("request_id", id);
            });
    notices.json(json);
  }
}
