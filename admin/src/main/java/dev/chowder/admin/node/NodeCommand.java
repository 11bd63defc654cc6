package dev.chowder.admin.node;

import com.google.protobuf.Message;
import dev.chowder.admin.command.Invocation;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.output.Table;
import dev.chowder.client.Reply;
import java.util.function.Consumer;

/** Prints the results of calls, and asks before a loss, for all commands that call nodes. */
abstract class NodeCommand {
  private final Invocation invocation;

  NodeCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  final Invocation invocation() {
    return invocation;
  }

  /** Prints a line on standard output. */
  final void line(String safe) {
    invocation.output().line(safe);
  }

  final void print(Table table) {
    table.lines().forEach(this::line);
  }

  /** Prints a sentence for people on standard error. */
  final void say(String sentence) {
    invocation.notices().say(sentence);
  }

  /** Prints the JSON of a response, or passes its message to {@code forPeople}. */
  final <T extends Message> void print(
      Reply reply, OutputFormat format, T type, Consumer<T> forPeople) {
    if (format.isJson()) {
      invocation.output().json(reply.json());
    } else {
      forPeople.accept(reply.as(type));
    }
  }

  /** Returns if the operator agrees. */
  final void confirm(boolean yes, String question) {
    if (!yes) Confirmation.require(invocation.environment(), invocation.notices(), question);
  }
}
