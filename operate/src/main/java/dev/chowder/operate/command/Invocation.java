package dev.chowder.operate.command;

import com.typesafe.config.Config;
import dev.chowder.cli.command.Console;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.failure.ClientFailure;
import dev.chowder.client.Api;
import dev.chowder.client.context.Context;
import dev.chowder.client.context.ContextFile;
import dev.chowder.client.context.ContextResolver;
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
public final class Invocation extends Console {
  private final Site site;
  private final Supplier<Config> source;
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
    super(environment, site.notices());
    this.site = site;
    this.source = source;
  }

  public Site site() {
    return site;
  }

  public Variables variables() {
    return site.variables();
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

  /** Returns the client of this installation, whatever context the user has chosen. */
  public Api api() {
    var all = variables().all();
    var context = new ContextResolver(all, ContextFile.of(all)).resolve(Context.LOCAL);
    return new Api(context, ClientFailure.notices(notices()::say), _ -> {});
  }
}
