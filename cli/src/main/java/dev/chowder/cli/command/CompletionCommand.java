package dev.chowder.cli.command;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code completion}: prints a script for a shell. */
@Command(
    name = "completion",
    description = "Print the completion script of a shell",
    footer = {
      "",
      "bash: source <(chowder completion bash)",
      "zsh:  source <(chowder completion zsh)",
      "fish: chowder completion fish | source"
    })
public final class CompletionCommand extends ApiCommand implements Runnable {
  /** The shells, as users write them. */
  enum Shell {
    bash,
    zsh,
    fish
  }

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish")
  private Shell shell = Shell.bash;

  @Override
  public void run() {
    var root = spec.root().commandLine();
    LocalCommands.all().forEach(root::addSubcommand);
    output()
        .print(
            switch (shell) {
              // The script loads the emulation of bash if zsh reads it.
              case bash, zsh -> BashCompletion.script(root);
              case fish -> FishCompletion.script(root.getCommandSpec());
            });
  }
}
