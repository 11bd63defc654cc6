package dev.chowder.operate.node;

import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.Variables;
import dev.chowder.operate.state.SupervisedProcess;
import dev.chowder.settings.SettingNames;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The command of a node. */
public final class ServerCommand {
  /** The node calls the kernel directly, to read the memory of waking agents from swap. */
  public static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  private static final String OPTIONS = "-Xmx512m -XX:+ExitOnOutOfMemoryError";

  private ServerCommand() {}

  /** Returns the options of the node's JVM, which users may set. */
  public static List<String> options(Variables variables) {
    var text = optionsText(variables).strip();
    return text.isEmpty() ? List.of() : List.of(text.split("\\s+"));
  }

  /** Returns the options as the user set them. */
  static String optionsText(Variables variables) {
    return variables.find("CHOWDER_JAVA_OPTS").orElse(OPTIONS);
  }

  /** Makes nodes start with settings that they do not know, and warn of them. */
  public static void ignoreUnknownSettings(Variables variables) {
    variables.set(
        "CHOWDER_JAVA_OPTS",
        "%s -D%s=true".formatted(optionsText(variables), SettingNames.IGNORE_UNKNOWN));
  }

  /**
   * Returns the command.
   *
   * @param aotCache the cache of the JVM, if there is one
   */
  public static List<String> of(Layout layout, Variables variables, Optional<Path> aotCache) {
    var command = new ArrayList<String>();
    command.add(layout.jvm().toString());
    command.addAll(options(variables));
    command.add(NATIVE_ACCESS);
    aotCache.ifPresent(cache -> command.add("-XX:AOTCache=" + cache));
    command.addAll(List.of("-cp", jar(layout), SupervisedProcess.NODE));
    return command;
  }

  /** Returns the jar of the server, which names its libraries. */
  public static String jar(Layout layout) {
    return layout.app().resolve("server/chowder-server.jar").toString();
  }
}
