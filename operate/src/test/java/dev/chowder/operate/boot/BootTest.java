package dev.chowder.operate.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.operate.site.TestSite;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tests the systemd unit that starts an installation after a reboot, and its script. */
@Timeout(60)
class BootTest {
  @TempDir private Path folder;

  @Test
  void theScriptContainsTheSettingsButNoSecret() {
    var home = folder.resolve("a 'home' of $x");
    var caller =
        Map.of(
            "CHOWDER_HOME",
            home.toString(),
            "CHOWDER_REST_PORT",
            "18080",
            "CHOWDER_STORAGE_PASSWORD",
            "canary",
            "CHOWDER_MODEL_KEY",
            "canary",
            "CHOWDER_TEST_X",
            "canary",
            "CHOWDER_SANDBOX_IMAGE",
            "canary",
            "ANTHROPIC_API_KEY",
            "canary",
            "ENVOY_BIN",
            "/opt/an envoy");
    var script = script(caller);
    assertThat(script)
        .doesNotContain("canary")
        .doesNotContain("CHOWDER_TEST_")
        .endsWith("/scripts/up --at-boot\n");
    // The values as the script's shell reads them.
    var settings =
        Program.of(
                "bash",
                "-c",
                script.replaceFirst("(?m)^exec .*$", "")
                    + "printf '%s|' \"$CHOWDER_HOME\" \"$CHOWDER_REST_PORT\" \"$ENVOY_BIN\"")
            .run()
            .output();
    assertThat(settings).isEqualTo(home + "|18080|/opt/an envoy|");
  }

  @Test
  void theScriptContainsNoDefaults() {
    var names =
        script(Map.of("CHOWDER_BIND", "::1"))
            .lines()
            .filter(line -> line.startsWith("export CHOWDER_"))
            .map(line -> line.substring("export ".length()))
            .collect(Collectors.joining(" "));
    var home = folder.resolve("home");
    assertThat(names)
        .isEqualTo(
            "CHOWDER_BIND=::1 CHOWDER_CACHE=%s CHOWDER_HOME=%s"
                .formatted(folder.resolve("cache"), home));
  }

  @Test
  void onlyAProxyWithoutAPasswordIsWritten() {
    var site =
        TestSite.in(
            folder,
            Map.of(
                "HTTP_PROXY",
                "http://proxy.example:3128",
                "https_proxy",
                "http://user:" + "canary" + "@proxy.example:3128"));
    var script = new BootScript(site.site()).text(site.caller());
    assertThat(script)
        .contains("export HTTP_PROXY=http://proxy.example:3128\n")
        .doesNotContain("canary")
        .doesNotContain("export https_proxy");
    assertThat(site.messages()).containsPattern("https_proxy .*password").doesNotContain("canary");
  }

  @Test
  void theUnitOfAMachineIsValid() throws IOException {
    var unit = verified(Optional.of("root"));
    assertThat(unit)
        .contains("After=network-online.target docker.service postgresql.service\n")
        .contains("User=root\n")
        .contains("Type=oneshot\nRemainAfterExit=yes\n")
        .contains("Restart=on-failure\n")
        .contains("TimeoutStopSec=90s\n")
        .contains("WantedBy=multi-user.target\n");
  }

  @Test
  void theUnitOfAUserIsValid() throws IOException {
    assertThat(verified(Optional.empty()))
        .contains("WantedBy=default.target\n")
        .doesNotContain("User=");
  }

  @Test
  void onlyItsOwnerReadsTheScript() throws IOException {
    Assumptions.assumeFalse(BootUnit.isPossible(), "this would change the units of this host");
    var site = TestSite.in(folder, Map.of());
    Files.createDirectories(site.site().home());
    var boot = new Boot(site.site());
    boot.remember(site.caller());
    boot.ensure();
    var script = site.site().file("boot");
    assertThat(script).hasContent(new BootScript(site.site()).text(site.caller()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(script)))
        .isEqualTo("rwx------");
    boot.remove();
    assertThat(script).doesNotExist();
  }

  @Test
  void anInstallationThatDoesNotStartAtBootHasNoScript() throws IOException {
    var site = TestSite.in(folder, Map.of("CHOWDER_START_AT_BOOT", "no"));
    Files.createDirectories(site.site().home());
    var script = Files.createFile(site.site().file("boot"));
    var boot = new Boot(site.site());
    assertThatThrownBy(boot::ensure).isInstanceOf(IllegalStateException.class);
    boot.remember(site.caller());
    boot.ensure();
    assertThat(script).doesNotExist();
  }

  private String script(Map<String, String> caller) {
    var site = TestSite.in(folder, caller);
    return new BootScript(site.site()).text(site.caller());
  }

  /** Checks the unit with systemd, if it is installed. */
  private String verified(Optional<String> user) throws IOException {
    var home = Files.createDirectory(folder.resolve("50% \"$home\""));
    Files.createFile(home.resolve("boot"));
    var site = TestSite.in(folder, Map.of("CHOWDER_HOME", home.toString()));
    var unit = new BootUnit(site.site()).text(user);
    var file = Files.writeString(folder.resolve("chowder-test.service"), unit);
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "systemd is not installed here");
    var result = Program.of("systemd-analyze", "verify", file.toString()).run();
    assertThat(result.output() + result.errors()).isEmpty();
    return unit;
  }
}
