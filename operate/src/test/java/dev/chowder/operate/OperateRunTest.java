package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.typesafe.config.ConfigFactory;
import dev.chowder.cli.command.Environment;
import dev.chowder.cli.command.Terminals;
import dev.chowder.operate.site.Layout;
import dev.chowder.operate.site.NodeConfig;
import dev.chowder.operate.site.Variables;
import dev.chowder.settings.SettingNames;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests command lines that start nothing. */
class OperateRunTest {
  private static final String UNKNOWN = "chowder.reconciler.max-restart";

  @TempDir private Path folder;
  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errors = new ByteArrayOutputStream();

  @BeforeEach
  void setFolders() {
    System.setProperty(Layout.ROOT, Path.of("..").toAbsolutePath().normalize().toString());
    System.setProperty(Layout.APP, folder.resolve("app").toString());
  }

  @AfterEach
  void clearFolders() {
    System.clearProperty(UNKNOWN);
    System.clearProperty(SettingNames.IGNORE_UNKNOWN);
    ConfigFactory.invalidateCaches();
    System.clearProperty(Layout.ROOT);
    System.clearProperty(Layout.APP);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "up --swap-file 5X|--swap-file: must be a size such as 64G or 512M",
        "up --swap-file 64|--swap-file: must be a size such as 64G or 512M",
        "up --swap-file|Missing required parameter for option '--swap-file' (SIZE)",
        "up --nodes 10|--nodes: must be 1 to 9; got 10.",
        "up --nodes 0|--nodes: must be 1 to 9; got 0.",
        "up --nodes|Missing required parameter for option '--nodes' (NUMBER)",
        "up --no-zram --new-key|--new-key: must be the only option; run it separately.",
        "up --new-key --at-boot|--new-key: must be the only option; run it separately.",
        "up again|Unmatched argument at index 1: 'again'",
        "up --purge|Unknown option: '--purge'",
        "down --keep-cache|--keep-cache requires --purge: add --purge, or leave out --keep-cache.",
        "down --purge all|Unmatched argument at index 2: 'all'",
        "developer release-cache oracle|Invalid value for positional parameter at index 0 (STORAGE): expected one of [h2, postgresql]",
      })
  void aWrongCommandLineStartsNothing(String line, String message) {
    assertThat(run(line.split(" ", -1))).isEqualTo(2);
    assertThat(said()).startsWith("chowder: " + message).endsWith(".\n").hasLineCount(1);
    assertThat(output.toString(StandardCharsets.UTF_8)).isEmpty();
    if (!line.startsWith("developer")) assertThat(folder).isEmptyDirectory();
  }

  /** The launcher passes the settings of CHOWDER_JAVA_OPTS to the JVM of the command. */
  @Test
  void anUnknownSettingStartsNothing() {
    System.setProperty(UNKNOWN, "2");
    ConfigFactory.invalidateCaches();
    assertThat(run("up")).isEqualTo(2);
    assertThat(said())
        .isEqualTo(
            "chowder: cannot start: no setting is named chowder.reconciler.max-restart (nearest:"
                + " chowder.reconciler.max-restarts); correct or remove it.\n");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void anUnknownVariableIsNamed() {
    // The wrong port ends the command.
    assertThat(run(Map.of("CHOWDER_REST_PROT", "1", "CHOWDER_REST_PORT", "0"), "up")).isEqualTo(2);
    assertThat(said())
        .startsWith(
            "WARNING: no program of Chowder reads the variable CHOWDER_REST_PROT (nearest:"
                + " CHOWDER_REST_PORT).\n");
  }

  /** Agents must run after a reboot, and a person reads the warning later. */
  @Test
  void anUnknownSettingDoesNotEndAStartAfterAReboot() {
    System.setProperty(UNKNOWN, "2");
    ConfigFactory.invalidateCaches();
    // The wrong port ends the command.
    var environment = environment(Map.of("CHOWDER_REST_PORT", "0"));
    assertThat(OperateRun.of(environment, "up", "--at-boot")).isEqualTo(2);
    // The last steps of a start call the operator API, whose port is a setting.
    var variables = Variables.of(environment.variables());
    assertThatCode(() -> SettingNames.check(NodeConfig.of(variables), variables.all()))
        .doesNotThrowAnyException();
    assertThat(said())
        .startsWith("WARNING: no setting is named chowder.reconciler.max-restart (nearest:")
        .contains(": this start ignores it.\n")
        .contains("chowder: CHOWDER_REST_PORT: must be a number");
  }

  /** Otherwise it would stop a running node for one that cannot start. */
  @Test
  void aWrongPortStartsNothing() {
    for (var name : new String[] {"CHOWDER_REST_PORT", "CHOWDER_MONITORING_PORT"}) {
      errors.reset();
      assertThat(run(Map.of(name, "abc"), "up")).isEqualTo(2);
      assertThat(said())
          .isEqualTo("chowder: %s: must be a number from 1 to 65535; got abc.\n".formatted(name));
      assertThat(folder).isEmptyDirectory();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"up", "down", "developer", "container"})
  void theHelpNamesTheOptions(String name) {
    assertThat(run(name, "--help")).isZero();
    assertThat(output.toString(StandardCharsets.UTF_8)).contains("Usage: chowder " + name);
    assertThat(said()).isEmpty();
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void theHelpOfUpNamesItsVariables() {
    assertThat(run("up", "-h")).isZero();
    assertThat(output.toString(StandardCharsets.UTF_8))
        .contains("--nodes=NUMBER", "--[no-]zram", "--swap-file=SIZE", "--new-key", "--at-boot")
        .contains("ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY");
  }

  @Test
  void downWithoutAnInstallationSaysSo() {
    for (var line : new String[] {"down", "down --purge", "down --purge --keep-cache"}) {
      errors.reset();
      assertThat(run(line.split(" ", -1))).isZero();
      assertThat(said())
          .isEqualTo(
              "Nothing to stop: %s is not an installation.\n".formatted(folder.resolve("home")));
    }
    assertThat(folder).isEmptyDirectory();
  }

  private int run(String... arguments) {
    return run(Map.of(), arguments);
  }

  private int run(Map<String, String> more, String... arguments) {
    return OperateRun.of(environment(more), arguments);
  }

  private Environment environment(Map<String, String> more) {
    var variables = new HashMap<>(more);
    variables.put("CHOWDER_HOME", folder.resolve("home").toString());
    variables.put("CHOWDER_CACHE", folder.resolve("cache").toString());
    variables.put("PATH", "/usr/bin:/bin");
    return new Environment(
        variables,
        InputStream.nullInputStream(),
        output,
        errors,
        new Terminals(false, false, false));
  }

  private String said() {
    return errors.toString(StandardCharsets.UTF_8);
  }
}
