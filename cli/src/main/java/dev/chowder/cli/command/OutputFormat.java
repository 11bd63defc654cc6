package dev.chowder.cli.command;

import dev.chowder.cli.output.Output;
import picocli.CommandLine.Option;

/** The option {@code -o}. */
public final class OutputFormat {
  /** The formats, as users write them. */
  enum Format {
    table,
    json
  }

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      description = "table for people (default), or json for programs: the JSON of the API")
  private Format format = Format.table;

  public boolean isJson() {
    return format == Format.json;
  }

  /** Prints the JSON if the user wants it. Returns whether it did. */
  public boolean print(Output output, String json) {
    if (isJson()) output.json(json);
    return isJson();
  }
}
