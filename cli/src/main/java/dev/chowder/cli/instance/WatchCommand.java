package dev.chowder.cli.instance;

import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Invocation;
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
final class WatchCommand implements Runnable {
  private final Invocation invocation;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      completionCandidates = Candidates.Instances.class,
      description = "id or name of an instance; all instances without it")
  private @Nullable String name;

  @Mixin private OutputFormat format = new OutputFormat();

  WatchCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public void run() {
    var instances = new Instances(invocation.api());
    var changes =
        new InstanceChanges(instances, invocation.output(), format.isJson(), List.of(), _ -> true);
    if (name == null) {
      changes.followAll();
    } else {
      changes.follow(new InstanceNames(instances).id(name));
    }
  }
}
