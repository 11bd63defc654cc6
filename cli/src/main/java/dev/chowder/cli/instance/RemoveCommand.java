package dev.chowder.cli.instance;

import dev.chowder.cli.command.ApiCommand;
import dev.chowder.cli.command.Confirmation;
import dev.chowder.client.ApiException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code rm}. */
@Command(name = "rm", description = "Delete instances with all their data")
final class RemoveCommand extends ApiCommand implements Runnable {
  @Mixin private InstanceArguments arguments = new InstanceArguments();

  @Mixin private Confirmation confirmation = new Confirmation();

  @Override
  public void run() {
    var selected = arguments.select(api());
    confirmation.require(
        invocation(),
        "Delete %s and all data of %s?"
            .formatted(selected.text(), selected.names().size() == 1 ? "it" : "them"));
    EachInstance.run(invocation(), selected.names(), this::remove);
  }

  private void remove(String name) {
    var instances = new Instances(api());
    var id = InstanceNames.id(api(), name);
    try {
      instances.delete(id);
    } catch (ApiException rejected) {
      if (!rejected.isOfRepeatedCall() || rejected.status() != 404) throw rejected;
      // An earlier try deleted it, and its response was lost.
    }
    say(name + " is deleted");
  }
}
