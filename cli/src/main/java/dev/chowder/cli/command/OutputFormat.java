package dev.chowder.cli.command;

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
}
