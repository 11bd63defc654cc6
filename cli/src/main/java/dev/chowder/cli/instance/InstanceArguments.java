package dev.chowder.cli.instance;

import dev.chowder.cli.command.Candidates;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Parameters;

/** The instances of a command that takes several. */
final class InstanceArguments {
  @Parameters(
      paramLabel = "NAME",
      arity = "1..*",
      completionCandidates = Candidates.Instances.class,
      description = "ids or names of instances")
  private List<String> names = new ArrayList<>();

  List<String> names() {
    return names;
  }
}
