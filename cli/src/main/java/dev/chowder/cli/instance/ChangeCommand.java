package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.OutputFormat;
import dev.chowder.cli.instance.InstanceWait.Seen;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that changes the status of instances, such as {@code stop}. */
@Command
final class ChangeCommand extends ApiCommand implements Runnable {
  private final String verb;
  private final Instance.Status wanted;
  private final String description;

  @Mixin private InstanceArguments arguments = new InstanceArguments();

  @Mixin private WaitOptions wait = new WaitOptions();
  @Mixin private OutputFormat format = new OutputFormat();

  /**
   * Creates the command.
   *
   * @param verb of the API, such as {@code stop}
   * @param wanted the status to wait for
   * @param description of the help
   */
  ChangeCommand(String verb, Instance.Status wanted, String description) {
    this.verb = verb;
    this.wanted = wanted;
    this.description = description;
  }

  @Spec
  void describe(CommandSpec spec) {
    spec.usageMessage().description(description);
  }

  @Override
  public void run() {
    var instances = new Instances(api());
    var limit = wait.begin();
    EachInstance.run(
        invocation(),
        arguments.select(api()).names(),
        name -> request(instances, name),
        requested -> finish(instances, requested, limit));
  }

  private Seen request(Instances instances, String name) {
    var id = InstanceNames.id(api(), name);
    return Seen.of(instances.request(id, verb));
  }

  private void finish(Instances instances, Seen requested, Deadline limit) {
    var seen = requested;
    if (wait.waits()) {
      seen =
          InstanceWait.afterChange(instances, invocation().notices())
              .until(requested, wanted, limit);
    }
    if (format.isJson()) output().json(seen.json());
  }
}
