package dev.chowder.operate.command;

import com.typesafe.config.Config;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.output.Output;
import dev.chowder.operate.site.NodeConfig;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.Installation;
import dev.chowder.server.ServerSettings;
import dev.chowder.settings.SettingNames;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of a command: the installation on this machine, the streams, and the settings of a node.
 */
public final class Invocation {
  private final Site site;
  private final Environment environment;
  private final Supplier<Config> source;
  private final Output output;
  private @Nullable Config config;

  /** Uses the settings that the variables of the installation have. */
  public Invocation(Site site, Environment environment) {
    this(site, environment, () -> NodeConfig.of(site.variables()));
  }

  /**
   * Uses other settings.
   *
   * @param source loads them; called only by commands that need them
   */
  public Invocation(Site site, Environment environment, Supplier<Config> source) {
    this.site = site;
    this.environment = environment;
    this.source = source;
    this.output = new Output(environment.output());
  }

  public Site site() {
    return site;
  }

  public Variables variables() {
    return site.variables();
  }

  /** Returns the streams, and the variables that the user set. */
  public Environment environment() {
    return environment;
  }

  public Output output() {
    return output;
  }

  /**
   * Returns the settings of the node, from its files and the variables {@code CHOWDER_*}.
   *
   * @throws IllegalArgumentException if no setting has a name that is set, which would be ignored
   */
  public Config config() {
    var loaded = config;
    if (loaded == null) {
      loaded = source.get();
      SettingNames.check(loaded, variables().all());
      config = loaded;
    }
    return loaded;
  }

  public ServerSettings settings() {
    return ServerSettings.of(config());
  }

  /** Returns the state directory that the settings name. */
  public Installation installation() {
    return new Installation(settings().home());
  }
}
