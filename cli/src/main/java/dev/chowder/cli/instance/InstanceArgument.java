package dev.chowder.cli.instance;

import dev.chowder.cli.command.Candidates;
import dev.chowder.client.Api;
import picocli.CommandLine.Parameters;

/** The first argument of commands on one instance. */
public final class InstanceArgument {
  @Parameters(
      index = "0",
      paramLabel = "NAME",
      completionCandidates = Candidates.Instances.class,
      description = "id or name of the instance")
  private String name = "";

  /** Returns the argument, an id or a name. */
  public String name() {
    return name;
  }

  /** Returns the path of the instance in the API. Calls the server if the argument is a name. */
  public String path(Api api) {
    return "/v1/instances/" + id(api);
  }

  String id(Api api) {
    return InstanceNames.id(api, name);
  }
}
