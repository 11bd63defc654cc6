package dev.chowder.cli.instance;

import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Invocation;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceWait.Seen;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code get}. */
@Command(name = "get", description = "Show an instance")
final class GetCommand implements Runnable {
  private final Invocation invocation;

  @Parameters(
      paramLabel = "NAME",
      completionCandidates = Candidates.Instances.class,
      description = "id or name of the instance")
  private String name = "";

  @Option(
      names = {"-w", "--watch"},
      description = "then print a line for each change")
  private boolean watch;

  @Mixin private OutputFormat format = new OutputFormat();

  GetCommand(Invocation invocation) {
    this.invocation = invocation;
  }

  @Override
  public void run() {
    var instances = new Instances(invocation.api());
    var seen = Seen.of(instances.get(new InstanceNames(instances).id(name)));
    if (!format.print(invocation.output(), seen.json())) {
      InstanceText.details(seen.instance()).forEach(invocation.output()::line);
    }
    if (watch) {
      invocation.output().flush();
      new InstanceChanges(
              instances, invocation.output(), format.isJson(), List.of(seen.instance()), _ -> true)
          .follow(seen.instance().getId());
    }
  }
}
