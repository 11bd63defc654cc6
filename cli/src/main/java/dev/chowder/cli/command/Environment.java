package dev.chowder.cli.command;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
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
  /** Returns the environment of this process. */
  public static Environment ofProcess() {
    return new Environment(
        System.getenv(),
        System.in,
        // Not System.out, which does not report that its reader ended.
        new FileOutputStream(FileDescriptor.out),
        new FileOutputStream(FileDescriptor.err),
        Terminals.of(System.getProperty(Terminals.PROPERTY, "")));
  }

  /** Returns an environment without input, which drops all output. */
  public static Environment silent(Map<String, String> variables) {
    return new Environment(
        variables,
        InputStream.nullInputStream(),
        OutputStream.nullOutputStream(),
        OutputStream.nullOutputStream(),
        new Terminals(false, false, false));
  }

  /** Leaves out the variables, which may have a key. */
  @Override
  public String toString() {
    return "Environment[" + terminals + "]";
  }
}
