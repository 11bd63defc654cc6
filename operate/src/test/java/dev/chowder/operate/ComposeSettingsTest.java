package dev.chowder.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.operate.database.PrivateDatabase;
import dev.chowder.operate.site.Variables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests that {@code deploy/.env} and {@code deploy/compose.yaml} have the defaults of commands. */
class ComposeSettingsTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern SETTING = Pattern.compile("(?m)^(\\w+)=(.+)$");

  /** A variable with its default, as shells and Compose write it. */
  private static final Pattern DEFAULT = Pattern.compile("\\$\\{(CHOWDER_\\w+):-([^}]*)}");

  @Test
  void portsAreThoseOfCommands() throws IOException {
    var commands = new TreeMap<>(Variables.defaults());
    commands.put("CHOWDER_POSTGRES_PORT", PrivateDatabase.DEFAULT_PORT);
    commands.keySet().removeIf(name -> !name.endsWith("_PORT"));
    // A project has one node.
    commands.keySet().removeIf(name -> name.contains("CLUSTER"));
    var ports = settings();
    ports.keySet().removeIf(name -> !name.endsWith("_PORT"));
    assertThat(ports).hasSize(7).isEqualTo(commands);
  }

  @Test
  void theProjectHasTheSameDefaultsAsItsSettings() throws IOException {
    var defaults = pairs(DEFAULT, "deploy/compose.yaml");
    // Not a setting of most users, so it is not listed.
    assertThat(defaults.remove("CHOWDER_DOCKER_SOCKET")).isEqualTo("/var/run/docker.sock");
    assertThat(defaults).isNotEmpty();
    assertThat(settings()).containsAllEntriesOf(defaults);
  }

  private static Map<String, String> settings() throws IOException {
    return pairs(SETTING, "deploy/.env");
  }

  private static Map<String, String> pairs(Pattern pattern, String file) throws IOException {
    var found = new TreeMap<String, String>();
    pattern
        .matcher(Files.readString(ROOT.resolve(file)))
        .results()
        .forEach(pair -> found.put(pair.group(1), pair.group(2)));
    return found;
  }
}
