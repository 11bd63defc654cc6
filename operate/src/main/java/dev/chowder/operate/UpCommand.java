package dev.chowder.operate;

import com.google.gson.JsonParser;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.client.failure.ClientException;
import dev.chowder.envoy.TlsVariables;
import dev.chowder.operate.agent.Agents;
import dev.chowder.operate.agent.FirstAgent;
import dev.chowder.operate.aot.AotCache;
import dev.chowder.operate.boot.Boot;
import dev.chowder.operate.command.OperatorCommand;
import dev.chowder.operate.database.PrivateDatabase;
import dev.chowder.operate.docker.DockerHost;
import dev.chowder.operate.docker.InotifyLimit;
import dev.chowder.operate.edge.EnvoyServer;
import dev.chowder.operate.edge.Programs;
import dev.chowder.operate.model.ClosedModels;
import dev.chowder.operate.model.DemoModel;
import dev.chowder.operate.model.ModelChoice;
import dev.chowder.operate.model.ModelSettings;
import dev.chowder.operate.node.NodeProcesses;
import dev.chowder.operate.node.Nodes;
import dev.chowder.operate.node.ServerCommand;
import dev.chowder.operate.organization.FirstOrganization;
import dev.chowder.operate.organization.Operator;
import dev.chowder.operate.site.NodeConfig;
import dev.chowder.operate.site.VariableNames;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.UpLock;
import dev.chowder.operate.swap.Swap;
import dev.chowder.settings.SettingNames;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The command {@code up}: steps that can be repeated, and change nothing if they are done. */
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
final class UpCommand extends OperatorCommand implements Runnable {
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
      description =
          "for an unattended start: do not create the first agent; if this is the only option,"
              + " unknown settings cause only a warning")
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

  @Override
  public void run() {
    var given = spec.commandLine().getParseResult().matchedOptions();
    // The script that starts the installation after a reboot may be of another version.
    boolean isStartAtBoot = given.size() == 1 && atBoot;
    var caller = Variables.withoutDefaults(invocation().environment().variables());
    checkNames(caller, isStartAtBoot);
    if (!newKey) {
      start(caller);
    } else if (given.size() == 1) {
      replaceKey();
    } else {
      throw ExitCode.USAGE.failure("--new-key: must be the only option; run it separately");
    }
  }

  /** A running node must not be stopped for one that does not start. */
  private void checkNames(Variables caller, boolean isStartAtBoot) {
    VariableNames.warnings(caller.all().keySet()).forEach(site()::say);
    var wrong = SettingNames.wrong(NodeConfig.of(site().variables()), site().variables().all());
    if (wrong.isEmpty()) return;
    if (!isStartAtBoot) throw ExitCode.USAGE.failure(SettingNames.error(wrong.get()));
    say("WARNING: %s: this start ignores it.".formatted(wrong.get()));
    // This process reads the settings, too.
    System.setProperty(SettingNames.IGNORE_UNKNOWN, "true");
    ServerCommand.ignoreUnknownSettings(site().variables());
  }

  private void start(Variables caller) {
    long began = System.nanoTime();
    var swapBytes = swapFile == null ? OptionalLong.empty() : OptionalLong.of(Swap.bytes(swapFile));
    var chosen = Nodes.choose(site(), Optional.ofNullable(nodes));
    // A running node must not be stopped for one that cannot start.
    site().variables().checkPorts();
    // Before anything starts, so that a wrong TLS configuration starts nothing instead of serving a
    // part in plain text.
    new TlsVariables(site().variables().all()).checkCallers();
    var boot = new Boot(site());
    boot.remember(caller.all());
    site().ensureState();
    try (var _ = UpLock.take(site().home())) {
      var envoy = prepare(swapBytes);
      var model = ModelChoice.of(site());
      new DemoModel(site()).ensure(model);
      new PrivateDatabase(site()).ensure(chosen.areSeveral());
      // Before a node stops, because a training run takes time.
      var cache = new AotCache(site()).ensure();
      warnOfClosedModels(chosen);
      new NodeProcesses(site(), chosen).ensure(cache);
      new EnvoyServer(site(), chosen).ensure(envoy);
      serve(model);
      if (!atBoot) new FirstAgent(site(), model, invocation().environment()).walk();
      boot.ensure();
      warnOfMissingIsolation(chosen);
    }
    say(
        "Started in %d s. State directory: %s. To stop Chowder, run %s."
            .formatted(
                Duration.ofNanos(System.nanoTime() - began).toSeconds(),
                site().home(),
                site().command("down")));
  }

  /** Prepares the host, and returns the program of Envoy. */
  private Path prepare(OptionalLong swapBytes) {
    var docker = new DockerHost(site());
    if (!docker.isUsed()) {
      refuseSwap(swapBytes);
    } else {
      docker.ensure();
      docker.warnOfOldVersions();
      InotifyLimit.ofHost(site()::say).ensure();
      var swap = new Swap(site());
      if (zram != null) swap.chooseZram(zram);
      swap.ensure(swapBytes);
      swap.permitDisk();
      site().variables().setDefault(DockerHost.IMAGES, "tools,small");
      site().variables().set("CHOWDER_SANDBOX_IMAGE", docker.image());
    }
    return Programs.envoy(site());
  }

  private void refuseSwap(OptionalLong swapBytes) {
    if (zram == null && swapBytes.isEmpty()) return;
    throw ExitCode.USAGE.failure(
        "--zram and --swap-file: must not be set with another engine than Docker, since its agents use the memory of its host");
  }

  /** Configures the organization, and starts its agents again. */
  private void serve(ModelChoice model) {
    var operator = Operator.of(invocation());
    new FirstOrganization(site(), operator).ensure();
    try (var api = invocation().api()) {
      new ModelSettings(site(), model).ensure(operator, api);
      new Agents(site(), api).wake();
    }
  }

  /** The nodes that start now close networks that earlier versions left open. */
  private void warnOfClosedModels(Nodes nodes) {
    if (!new DockerHost(site()).isUsed()) return;
    var urls = new TreeSet<String>();
    site().variables().find("CHOWDER_MODEL_BASE_URL").ifPresent(urls::add);
    if (new NodeProcesses(site(), nodes).answers()) {
      try (var api = invocation().api()) {
        urls.addAll(ClosedModels.stored(api));
      } catch (ClientException unavailable) {
        say(
            "WARNING: cannot check whether agents still reach their models: %s"
                .formatted(unavailable.getMessage()));
      }
    }
    ClosedModels.of(invocation().config()).warnings(urls).forEach(this::say);
  }

  /** The log of the node has the cause. */
  private void warnOfMissingIsolation(Nodes nodes) {
    var health = new NodeProcesses(site(), nodes).health();
    if (health.isEmpty()) return;
    var isolated = JsonParser.parseString(health.get()).getAsJsonObject().get("isolated");
    if (isolated == null || !isolated.isJsonPrimitive() || isolated.getAsBoolean()) return;
    say(
        "WARNING: this host does not isolate sandboxes. Agents reach its ports, each other and"
            + " private networks, so no second organization may sign up. For the cause, run: grep"
            + " 'not isolated' "
            + site().log("server"));
  }

  /** Replaces the key of the first organization. */
  private void replaceKey() {
    if (!new NodeProcesses(site(), Nodes.choose(site(), Optional.empty())).answers()) {
      throw ExitCode.UNAVAILABLE.failure(
          "Chowder is not running: run %s first".formatted(site().command("up")));
    }
    new FirstOrganization(site(), Operator.of(invocation())).newKey();
  }
}
