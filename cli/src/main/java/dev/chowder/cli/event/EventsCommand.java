package dev.chowder.cli.event;

import dev.chowder.api.v1.Event;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceNames;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import dev.chowder.client.Call;
import dev.chowder.client.Paged;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code events}. */
@Command(name = "events", description = "List events of an instance or of all, newest first")
public final class EventsCommand extends ApiCommand implements Runnable {
  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      completionCandidates = Candidates.Instances.class,
      description =
          "id or name of an instance, or the id of a deleted one; the organization and all its"
              + " instances without it")
  private @Nullable String name;

  @Option(
      names = "--limit",
      paramLabel = "NUMBER",
      description = "most events to list (default: 100)")
  private int limit = 100;

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    Limits.check("--limit", limit);
    var path =
        name == null ? "/v1/events" : "/v1/instances/" + InstanceNames.id(api(), name) + "/events";
    var events = Paged.read(api(), Call.get(path), "events", limit);
    if (format.print(output(), events.json())) return;
    table(events.as(Event.getDefaultInstance())).lines().forEach(output()::line);
  }

  private static Table table(List<Event> events) {
    var table = new Table("TIME", "TYPE", "INSTANCE", "KEY", "DETAILS");
    for (var event : events) {
      table.row(
          event.hasAt() ? Times.text(event.getAt()) : "",
          event.getType(),
          event.getInstanceId(),
          event.getKeyId(),
          details(event));
    }
    return table;
  }

  private static String details(Event event) {
    return Stream.of(event.getStage().getName(), event.getReason(), event.getMessage())
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining(": "));
  }
}
