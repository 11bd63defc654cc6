package dev.chowder.cli.session;

import dev.chowder.api.v1.Session;
import dev.chowder.api.v1.SessionMessage;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.cli.output.Printable;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.TextFilter;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Call;
import dev.chowder.client.Paged;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code sessions}: the conversations of an agent. */
@Command(name = "sessions", description = "List, show and delete the conversations of an agent")
public final class SessionsCommand extends ApiCommand {
  @Command(name = "ls", description = "List sessions, last used first")
  void list(
      @Mixin InstanceArgument instance,
      @Option(
              names = "--limit",
              paramLabel = "NUMBER",
              defaultValue = "1000",
              description = "most sessions to list (default: 1000)")
          int limit,
      @Mixin OutputFormat format) {
    Limits.check("--limit", limit);
    var sessions = Paged.read(api(), Call.get(path(instance)), "sessions", limit);
    if (format.print(output(), sessions.json())) return;
    var table = new Table("SESSION", "BUSY", "CREATED", "USED");
    for (var session : sessions.as(Session.getDefaultInstance())) {
      table.row(
          session.getId(),
          session.getBusy() ? "yes" : "no",
          session.hasCreatedAt() ? Times.text(session.getCreatedAt()) : "",
          session.hasUsedAt() ? Times.text(session.getUsedAt()) : "");
    }
    table.print(output());
  }

  @Command(description = "Show the last messages of a session, the newest at the end")
  void get(
      @Mixin InstanceArgument instance,
      @Parameters(
              index = "1",
              paramLabel = "SESSION",
              description = "id of the session, such as main")
          String session,
      @Option(
              names = "--limit",
              paramLabel = "NUMBER",
              defaultValue = "20",
              description = "most messages to show (default: 20)")
          int limit,
      @Mixin OutputFormat format) {
    Limits.check("--limit", limit);
    var call = Call.get(path(instance) + "/" + Call.segment(session));
    var history = Paged.read(api(), call, "messages", limit);
    if (format.print(output(), history.json())) return;
    for (var message : history.as(SessionMessage.getDefaultInstance()).reversed()) {
      var time = message.hasAt() ? Times.text(message.getAt()) + " " : "";
      output().line(time + Printable.line(message.getRole()) + ":");
      // A filter for each text, because a text must not hide the next one.
      output().line(new TextFilter().next(message.getText()) + "\n");
    }
  }

  @Command(name = "rm", description = "Delete a session with its history")
  void remove(
      @Mixin InstanceArgument instance,
      @Parameters(index = "1", paramLabel = "SESSION", description = "id of the session")
          String session,
      @Mixin Confirmation confirmation) {
    confirmation.require(
        invocation(),
        "Delete the session %s of %s with its history?".formatted(session, instance.name()));
    var _ = api().send(Call.delete(path(instance) + "/" + Call.segment(session)));
    say("Session %s is deleted.".formatted(session));
  }

  private String path(InstanceArgument instance) {
    return instance.path(api()) + "/sessions";
  }
}
