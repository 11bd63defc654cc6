package dev.chowder.cli.command;

import dev.chowder.settings.NearestName;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Finds the command, option or value that a user may have meant. */
final class Suggestion {
  private Suggestion() {}

  /** Returns the word that is similar to the wrong one, if there is one. */
  static Optional<String> of(ParameterException failure) {
    if (failure instanceof UnmatchedArgumentException unmatched) {
      var wrong = unmatched.getUnmatched().getFirst().replaceFirst("=.*", "");
      return NearestName.similar(wrong, names(failure.getCommandLine().getCommandSpec(), wrong));
    }
    return failure.getArgSpec() == null || failure.getValue() == null
        ? Optional.empty()
        : NearestName.similar(failure.getValue(), values(failure.getArgSpec()));
  }

  private static List<String> names(CommandSpec command, String wrong) {
    return wrong.startsWith("-")
        ? List.copyOf(command.optionsMap().keySet())
        : command.subcommands().entrySet().stream()
            .filter(one -> !one.getValue().getCommandSpec().usageMessage().hidden())
            .map(one -> one.getKey())
            .toList();
  }

  private static List<String> values(ArgSpec argument) {
    var candidates = argument.completionCandidates();
    return candidates == null || candidates instanceof Candidates.Dynamic
        ? List.of()
        : StreamSupport.stream(candidates.spliterator(), false).toList();
  }
}
