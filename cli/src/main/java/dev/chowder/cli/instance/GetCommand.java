package dev.chowder.cli.instance;

import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceWait.Seen;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code get}. */
@Command(name = "get", description = "Show an instance")
final class GetCommand extends ApiCommand implements Runnable {
  @Mixin private InstanceArgument instance = new InstanceArgument();

  @Option(
      names = {"-w", "--watch"},
      description = "then print a line for each change")
  private boolean watch;

  @Mixin private OutputFormat format = new OutputFormat();

  @Override
  public void run() {
    var instances = new Instances(api());
    var seen = Seen.of(instances.get(instance.id(api())));
    if (!format.print(output(), seen.json())) {
      InstanceText.details(seen.instance()).forEach(output()::line);
    }
    if (watch) {
      output().flush();
      new InstanceChanges(instances, output(), format.isJson(), List.of(seen.instance()), _ -> true)
          .follow(seen.instance().getId());
    }
  }
}
