package dev.chowder.cli.command;

import dev.chowder.cli.output.Notices;
import dev.chowder.cli.output.Output;

/** The streams of one run, and the variables that the user set. */
public class Console {
  private final Environment environment;
  private final Notices notices;
  private final Output output;

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
}
