package dev.chowder.cli.command;

import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code help}. That of picocli has an option {@code -h} of its own, which each command
 * has already, and knows no commands of groups.
 */
@Command(name = "help", description = "Show the help of a command")
public final class HelpCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "COMMAND",
      arity = "0..*",
      description = "the words of a command, such as files ls")
  private List<String> words = new ArrayList<>();

  @Override
  public void run() {
    var line = spec.root().commandLine();
    for (var word : words) {
      var below = line.getSubcommands().get(word);
      if (below == null) throw new UnmatchedArgumentException(line, List.of(word));
      line = below;
    }
    line.usage(spec.commandLine().getOut());
  }
}
