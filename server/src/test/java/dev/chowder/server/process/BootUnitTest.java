package dev.chowder.server.process;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the systemd unit that starts an installation after a reboot, and its script. */
@Timeout(60)
class BootUnitTest {
  private static final String SCRIPT = "../scripts/lib/boot.sh";

  @TempDir Path folder;

  @Test
  void theScriptContainsTheSettingsButNoSecret() throws Exception {
    var home = folder.resolve("a 'home' of $x");
    var script =
        run(
            Map.of(
                "CHOWDER_HOME",
                home.toString(),
                "CHOWDER_REST_PORT",
                "18080",
                "CHOWDER_STORAGE_PASSWORD",
                "canary",
                "CHOWDER_MODEL_KEY",
                "canary",
                "ANTHROPIC_API_KEY",
                "canary",
                "ENVOY_BIN",
                "/opt/an envoy"),
            List.of("bash", SCRIPT, "script"));
    assertThat(script)
        .doesNotContain("canary")
        .doesNotContain("CHOWDER_TEST_")
        .endsWith("/scripts/up --at-boot\n");
    // The values as the script's shell reads them.
    var settings =
        run(
            Map.of(),
            List.of(
                "bash",
                "-c",
                script.replaceFirst("(?m)^exec .*$", "")
                    + "printf '%s|' \"$CHOWDER_HOME\" \"$CHOWDER_REST_PORT\" \"$ENVOY_BIN\""));
    assertThat(settings).isEqualTo(home + "|18080|/opt/an envoy|");
  }

  @Test
  void onlyAProxyWithoutAPasswordIsWritten() throws Exception {
    var script =
        run(
            Map.of(
                "CHOWDER_HOME",
                folder.toString(),
                "HTTP_PROXY",
                "http://proxy.example:3128",
                "https_proxy",
                "http://user:" + "canary" + "@proxy.example:3128"),
            List.of("bash", SCRIPT, "script"));
    assertThat(script)
        .contains("export HTTP_PROXY=http://proxy.example:3128\n")
        .doesNotContain("canary")
        .doesNotContain("export https_proxy")
        .containsPattern("https_proxy .*password");
  }

  @Test
  void theUnitOfAMachineIsValid() throws Exception {
    var unit = verified("root");
    assertThat(unit)
        .contains("After=network-online.target docker.service postgresql.service\n")
        .contains("User=root\n")
        .contains("Type=oneshot\nRemainAfterExit=yes\n")
        .contains("Restart=on-failure\n")
        .contains("WantedBy=multi-user.target\n");
  }

  @Test
  void theUnitOfAUserIsValid() throws Exception {
    assertThat(verified()).contains("WantedBy=default.target\n").doesNotContain("User=");
  }

  /** Checks the unit with systemd, if it is installed. */
  private String verified(String... user) throws Exception {
    var home = Files.createDirectory(folder.resolve("50% \"$home\""));
    Files.createFile(home.resolve("boot"));
    var command = new ArrayList<>(List.of("bash", SCRIPT, "unit"));
    command.addAll(List.of(user));
    var unit = run(Map.of("CHOWDER_HOME", home.toString()), command);
    var file = Files.writeString(folder.resolve("chowder-test.service"), unit);
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "systemd is not installed here");
    assertThat(run(Map.of(), List.of("systemd-analyze", "verify", file.toString()))).isEmpty();
    return unit;
  }

  private static String run(Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("CHOWDER_"));
    builder.environment().putAll(environment);
    var process = builder.start();
    var said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }
}
