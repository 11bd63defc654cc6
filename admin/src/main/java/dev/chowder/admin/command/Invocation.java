package dev.chowder.admin.command;

import com.typesafe.config.Config;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.output.Notices;
import dev.chowder.cli.output.Output;
import dev.chowder.server.ServerSettings;
import dev.chowder.settings.SettingNames;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One run of the command line: its streams, and the settings of the node on this machine. */
public final class Invocation {
  private final Environment environment;
  private final Supplier<Config> source;
  private final Output output;
  private final Notices notices;
  private @Nullable Config config;

  public Invocation(Environment environment, Supplier<Config> source) {
    this.environment = environment;
    this.source = source;
    this.output = new Output(environment.output());
    this.notices = new Notices(environment.errors(), environment.terminals().errors());
  }

  public Environment environment() {
    return environment;
  }

  public Output output() {
    return output;
  }

  public Notices notices() {
    return notices;
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
      SettingNames.check(loaded, environment.variables());
      config = loaded;
    }
    return loaded;
  }

  public ServerSettings settings() {
    return ServerSettings.of(config());
  }
}
