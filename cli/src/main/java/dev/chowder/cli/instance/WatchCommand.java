package dev.chowder.cli.instance;

import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.OutputFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code watch}. */
@Command(
    name = "watch",
    description = "Print the current state and then each change, until it is interrupted")
final class WatchCommand extends ApiCommand implements Runnable {
  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      completionCandidates = Candidates.Instances.class,
      description = "id or name of an instance; all instances without it")
  private @Nullable String name;

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    var instances = new Instances(api());
    var changes = new InstanceChanges(instances, output(), format.isJson(), List.of(), _ -> true);
    if (name == null) {
      changes.followAll();
    } else {
      changes.follow(InstanceNames.id(api(), name));
    }
  }
}
