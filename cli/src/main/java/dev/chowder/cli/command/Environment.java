package dev.chowder.cli.command;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

/** The process that a command runs in: variables and streams. */
public record Environment(
    Map<String, String> variables,
    InputStream input,
    OutputStream output,
    OutputStream errors,
    Terminals terminals) {
  /** Leaves out the variables, which may have a key. */
  @Override
  public String toString() {
    return "Environment[" + terminals + "]";
  }
}
