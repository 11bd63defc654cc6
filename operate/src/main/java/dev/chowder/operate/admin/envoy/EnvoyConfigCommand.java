package dev.chowder.operate.admin.envoy;

import dev.chowder.envoy.EnvoyConfiguration;
import dev.chowder.envoy.EnvoyVariable;
import dev.chowder.operate.command.OperatorCommand;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code envoy-config}. Reads no settings of nodes. */
@Command(
    name = "envoy-config",
    description = "Print the configuration for an Envoy that you start yourself")
public final class EnvoyConfigCommand extends OperatorCommand implements Runnable {
  private static final String NOTE =
      "The output contains a token: keep it in a file of mode 0600. With TLS, the command also"
          + " writes the paths of the certificates into CHOWDER_ENVOY_SECRETS.";

  /** Adds the variables to the help. */
  @Spec
  void describe(CommandSpec spec) {
    var variables = Stream.of(EnvoyVariable.values()).map(EnvoyConfigCommand::help);
    var footer = Stream.concat(Stream.of("", NOTE, "", "Variables:"), variables);
    spec.usageMessage().footer(footer.map(line -> line.replace("%", "%%")).toArray(String[]::new));
  }

  private static String help(EnvoyVariable variable) {
    // picocli would replace names in braces.
    var text = variable.otherwise().replaceAll("\\$\\{(\\w+)}", "\\$$1");
    var otherwise = text.isEmpty() ? "" : " (" + text + ")";
    return "  " + variable + otherwise + ": " + variable.description();
  }

  @Override
  public void run() {
    var variables = new HashMap<>(invocation().variables().all());
    setDefault(
        variables,
        EnvoyVariable.CHOWDER_DESCRIPTORS,
        "chowder.pb",
        "proto/target/classes/chowder/chowder.pb");
    setDefault(variables, EnvoyVariable.CHOWDER_OPENAPI, "openapi.json", "envoy/openapi.json");
    invocation().output().print(EnvoyConfiguration.render(variables));
  }

  /**
   * Sets a path that the user did not set. In a clone, it is that of the sources, because the
   * folder of a build is removed when it was not used for a while.
   */
  private void setDefault(
      Map<String, String> variables, EnvoyVariable variable, String file, String source) {
    if (!variables.getOrDefault(variable.name(), "").isEmpty()) return;
    var layout = site().layout();
    var inClone = layout.root().resolve(source);
    variables.put(
        variable.name(), (Files.exists(inClone) ? inClone : layout.app().resolve(file)).toString());
  }
}
