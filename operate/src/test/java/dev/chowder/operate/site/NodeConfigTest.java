package dev.chowder.operate.site;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeConfigTest {
  private static final String PORT = "chowder.operator.port";
  private static final String FILE = "config.file";

  @TempDir private Path folder;

  @AfterEach
  void forgetTheFile() {
    System.clearProperty(FILE);
    ConfigFactory.invalidateCaches();
  }

  @Test
  void variablesAreSettings() {
    var variables = Variables.withoutDefaults(Map.of("CHOWDER_OPERATOR_PORT", "19091"));
    assertThat(NodeConfig.of(variables).getInt(PORT)).isEqualTo(19091);
  }

  /** CHOWDER_JAVA_OPTS of nodes may name a file, which the launcher passes on. */
  @Test
  void aFileOfSettingsIsReadAsNodesReadIt() throws Exception {
    var file = Files.writeString(folder.resolve("chowder.conf"), PORT + " = 12345");
    System.setProperty(FILE, file.toString());
    ConfigFactory.invalidateCaches();
    assertThat(NodeConfig.of(Variables.withoutDefaults(Map.of())).getInt(PORT)).isEqualTo(12345);
  }
}
