package dev.chowder.operate;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.command.Invocation;
import dev.chowder.operate.node.ServerCommand;
import dev.chowder.operate.site.NodeConfig;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.VariableNames;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.swap.Swap;
import dev.chowder.settings.SettingNames;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code up}. */
@Command(
    name = "up",
    description = {
      "Start Chowder on this machine.",
      "",
      "Installs and starts missing programs, and starts the server and Envoy. In a clone, changed"
          + " sources are built first. The first run also creates an agent and sends it a message."
          + " Running it again changes nothing."
    },
    footerHeading = "%nVariables:%n",
    footer = {
      "  ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY",
      "                          key of a provider, whose model the agents use",
      "  CHOWDER_MODEL_BASE_URL, CHOWDER_MODEL, CHOWDER_MODEL_KEY",
      "                          an OpenAI-compatible server such as Ollama or vLLM, its model,"
          + " and",
      "                          its key if it requires one",
      "",
      "Without any of these variables, a small demo model is started that needs no network."
    })
final class UpCommand implements Runnable {
  private final Site site;
  private final Invocation invocation;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--nodes",
      paramLabel = "NUMBER",
      description =
          "nodes of the server on this machine, with the PostgreSQL at CHOWDER_STORAGE_URL or a"
              + " private one; later runs keep the number, and 1 returns to one node")
  private @Nullable String nodes;

  @Option(
      names = "--at-boot",
      description = "do not create the first agent, for an unattended start")
  private boolean atBoot;

  @Option(
      names = "--zram",
      negatable = true,
      description =
          "whether to set up zram swap for sleeping agents on a host without swap (default: yes);"
              + " later runs keep the choice")
  private @Nullable Boolean zram;

  @Option(
      names = "--swap-file",
      paramLabel = "SIZE",
      description =
          "create a swap file such as 64G in the state directory: memory of agents, which includes"
              + " provider keys, then reaches the disk; later runs keep the file, and 0 removes it")
  private @Nullable String swapFile;

  @Option(
      names = "--new-key",
      description =
          "only issue a new organization key, store it in organization.key, and revoke the old key")
  private boolean newKey;

  UpCommand(Invocation invocation) {
    this.invocation = invocation;
    this.site = invocation.site();
  }

  @Override
  public void run() {
    var given = spec.commandLine().getParseResult().matchedOptions();
    // The script that starts the installation after a reboot may be of another version.
    boolean isStartAtBoot = given.size() == 1 && atBoot;
    var caller = Variables.withoutDefaults(invocation.environment().variables());
    checkNames(caller, isStartAtBoot);
    var up = new Up(site, invocation, caller);
    if (!newKey) {
      up.run(options());
    } else if (given.size() == 1) {
      up.newKey();
    } else {
      throw ExitCode.USAGE.failure("--new-key: must be the only option; run it separately");
    }
  }

  /** A running node must not be stopped for one that does not start. */
  private void checkNames(Variables caller, boolean isStartAtBoot) {
    VariableNames.warnings(caller.all().keySet()).forEach(site::say);
    var wrong = SettingNames.wrong(NodeConfig.of(site.variables()), site.variables().all());
    if (wrong.isEmpty()) return;
    if (!isStartAtBoot) throw ExitCode.USAGE.failure(SettingNames.error(wrong.get()));
    site.say("WARNING: %s: this start ignores it.".formatted(wrong.get()));
    ServerCommand.ignoreUnknownSettings(site.variables());
  }

  private Up.Options options() {
    var bytes = swapFile == null ? OptionalLong.empty() : OptionalLong.of(Swap.bytes(swapFile));
    return new Up.Options(Optional.ofNullable(nodes), !atBoot, Optional.ofNullable(zram), bytes);
  }
}
