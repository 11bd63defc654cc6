package dev.chowder.cli.instance;

import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.client.ApiException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The command {@code rm}. */
@Command(name = "rm", description = "Delete instances with all their data")
final class RemoveCommand extends ApiCommand implements Runnable {
  @Parameters(
      paramLabel = "NAME",
      arity = "1..*",
      completionCandidates = Candidates.Instances.class,
      description = "ids or names of instances")
  private List<String> names = new ArrayList<>();

  @Mixin private Confirmation confirmation = new Confirmation();

  @Override
  public void run() {
    confirmation.require(
        invocation(),
        "Delete %s and all data of %s?"
            .formatted(String.join(", ", names), names.size() == 1 ? "it" : "them"));
    EachInstance.run(invocation(), names, this::remove);
  }

  private void remove(String name) {
    var instances = new Instances(api());
    var id = new InstanceNames(instances).id(name);
    try {
      instances.delete(id);
    } catch (ApiException rejected) {
      if (!rejected.isOfRepeatedCall() || rejected.status() != 404) throw rejected;
      // An earlier try deleted it, and its response was lost.
    }
    say(name + " is deleted");
  }
}
