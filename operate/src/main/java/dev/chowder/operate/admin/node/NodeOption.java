package dev.chowder.operate.admin.node;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.state.Installation;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --node}. */
public class NodeOption {
  @Option(
      names = "--node",
      paramLabel = "NUMBER",
      description =
          "call only this node of this machine, from 1; otherwise the first one that serves the"
              + " call")
  private @Nullable Integer number;

  /** Returns the node of the option, or all nodes without it. */
  final LocalNodes nodes(Invocation invocation) {
    return number == null ? LocalNodes.all(invocation) : only(invocation, number);
  }

  /** Returns one node, whose number a user gave. */
  static LocalNodes only(Invocation invocation, int number) {
    if (number < 1 || number > Installation.MAX_NODES) {
      throw ExitCode.USAGE.failure(
          "node: must be 1 to %d; got %d".formatted(Installation.MAX_NODES, number));
    }
    return LocalNodes.only(invocation, number);
  }
}
