package dev.chowder.cli.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.Api;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The instances of a command that takes several. */
final class InstanceArguments {
  /** As many as a user can survey. */
  private static final int MAX_LABELLED = 1000;

  @ArgGroup(multiplicity = "1")
  private Choice choice = new Choice();

  /** Either names or a label. */
  static final class Choice {
    @Parameters(
        paramLabel = "NAME",
        arity = "1..*",
        completionCandidates = Candidates.Instances.class,
        description = "ids or names of instances")
    private List<String> names = new ArrayList<>();

    @Option(
        names = {"-l", "--label"},
        paramLabel = "KEY=VALUE",
        description = "all instances with this label")
    private @Nullable String label;
  }

  /**
   * Instances that the user selected.
   *
   * @param names ids or names
   * @param text describes them to people
   */
  record Selected(List<String> names, String text) {}

  /** Returns the instances. Calls the server if the user gave a label. */
  Selected select(Api api) {
    var label = choice.label;
    if (label == null) return new Selected(choice.names, String.join(", ", choice.names));
    var listed = new Instances(api).list(Map.of("label", label), MAX_LABELLED);
    var found = listed.as(Instance.getDefaultInstance());
    if (found.isEmpty()) {
      throw ExitCode.NOT_FOUND.failure("no instance has the label %s".formatted(label));
    }
    if (listed.hasMore()) {
      throw ExitCode.USAGE.failure(
          "--label: must select at most %d instances; got more".formatted(MAX_LABELLED));
    }
    return new Selected(
        found.stream().map(InstanceNames::id).toList(),
        found.stream().map(Instance::getName).collect(Collectors.joining(", ")));
  }
}
