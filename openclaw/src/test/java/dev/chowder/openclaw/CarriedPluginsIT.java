package dev.chowder.openclaw;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.openclaw.config.Channel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Checks that the image's npm installs each channel's plugin and its dependencies offline. */
@Timeout(300)
class CarriedPluginsIT {
  private static final String IMAGE =
      System.getenv().getOrDefault("CHOWDER_SANDBOX_IMAGE", "chowder/sandbox-medium:latest");

  /** Installs one plugin at a time, since all together exceed a sandbox's /tmp. */
  private static final String INSTALL =
      """
      for plugin; do
        rm -rf /tmp/home && mkdir /tmp/home && cd /tmp/home && echo '{}' >package.json
        npm install --ignore-scripts --no-audit --no-fund "$plugin" || exit 1
        cd "node_modules/$plugin"
        node -p 'Object.keys(require("./package.json").dependencies ?? {}).join("\\n")' | while read -r name; do
          [ -z "$name" ] || [ -e "node_modules/$name/package.json" ] || exit 1
        done || exit 1
      done
      """;

  @Test
  void eachPluginInstallsOfflineWithItsDependencies() throws Exception {
    var plugins =
        Arrays.stream(Channel.values()).flatMap(channel -> channel.plugin().stream()).toList();
    assertThat(plugins).hasSize(10);
    assertThat(run(INSTALL, plugins)).endsWith("ended with 0");
  }

  /**
   * Chowder routes only this port and path, and sets these keys, so an update of the plugin must
   * not change them.
   */
  @Test
  void aPluginThatTheImageAssembledHasAllDependenciesTheRoutedWebhookAndTheSettings()
      throws Exception {
    var settings = Channel.MSTEAMS.fields().stream().map(field -> field.path() + "\n").toList();
    var all =
        INSTALL
            + "grep -rhoE 'webhook\\?\\.(port|path) \\?\\? [^;]+' dist && grep -rhow '%s' dist | sort -u"
                .formatted(String.join("", settings).strip())
            + " && cd /tmp/home && npm ls --all";
    var webhook = Channel.MSTEAMS.webhook().orElseThrow();
    assertThat(run(all, List.of("@openclaw/msteams")))
        .contains("webhook?.port ?? " + webhook.port().orElseThrow() + "\n")
        .contains("webhook?.path ?? \"" + webhook.path() + "\"\n")
        .contains(settings)
        .contains("@azure/msal-node")
        .doesNotContain("npm error")
        .endsWith("ended with 0");
  }

  @Test
  void installingAnotherPackageNeedsARegistry() throws Exception {
    assertThat(run(INSTALL, List.of("@openclaw/nonesuch"))).endsWith("ended with 1");
  }

  private static String run(String script, List<String> plugins) throws Exception {
    var command =
        new ArrayList<>(
            List.of(
                "docker", "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp"));
    command.addAll(List.of("-e", "npm_config_fetch_retries=0", IMAGE));
    command.addAll(List.of("bash", "-c", script, "install"));
    command.addAll(plugins);
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    var output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
    return output + "ended with " + process.exitValue();
  }
}
