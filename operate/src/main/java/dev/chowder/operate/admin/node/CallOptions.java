package dev.chowder.operate.admin.node;

import dev.chowder.cli.command.OutputFormat;
import picocli.CommandLine.Mixin;

/** The options of commands that call nodes: the node, and the format of the output. */
public final class CallOptions extends NodeOption {
  @Mixin private OutputFormat format = new OutputFormat();

  boolean isJson() {
    return format.isJson();
  }
}
