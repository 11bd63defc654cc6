package dev.chowder.operate.admin.envoy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.envoy.EnvoyVariable;
import dev.chowder.operate.Ran;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvoyConfigCommandTest {
  @TempDir private Path home;
  private final Map<String, String> variables = new HashMap<>();

  @BeforeEach
  void anInstallation() throws IOException {
    Files.writeString(home.resolve("envoy.token"), "the-token\n");
    variables.put("CHOWDER_HOME", home.toString());
  }

  @Test
  void theConfigurationNamesTheDocumentsOfThisVersion() {
    var ran = run();
    assertThat(ran.code()).as(ran.errors()).isZero();
    assertThat(ran.output())
        .contains("/opt/release/app/chowder.pb", "/opt/release/app/openapi.json", "the-token")
        .contains(home.resolve("run/envoy-admin.sock").toString())
        .endsWith("\n");
    assertThat(ran.errors()).isEmpty();
  }

  @Test
  void theCallerMayNameOtherDocuments() {
    variables.put("CHOWDER_DESCRIPTORS", "/other.pb");
    variables.put("CHOWDER_OPENAPI", "/other.json");
    assertThat(run().output()).contains("/other.pb", "/other.json");
  }

  @Test
  void aWrongVariableIsOneSentence() {
    variables.put("CHOWDER_NODES", "node1");
    var ran = run();
    assertThat(ran.code()).isEqualTo(ExitCode.USAGE.number());
    assertThat(ran.output()).isEmpty();
    assertThat(ran.errors())
        .startsWith("chowder: CHOWDER_NODES: must have the form")
        .endsWith("got node1.\n");
  }

  @Test
  void theHelpListsAllVariables() {
    var help = run("--help").output();
    for (var variable : EnvoyVariable.values()) assertThat(help).contains("  " + variable.name());
    assertThat(help).contains("($CHOWDER_HOME/envoy.token)", "80 %");
  }

  private Ran run(String... options) {
    var arguments = new String[options.length + 1];
    arguments[0] = "envoy-config";
    System.arraycopy(options, 0, arguments, 1, options.length);
    return Ran.of(variables, Map.of(), "", arguments);
  }
}
