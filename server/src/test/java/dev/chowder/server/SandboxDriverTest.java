package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the setting that chooses the engine of sandboxes. */
class SandboxDriverTest {
  @TempDir Path home;

  @Test
  void theEarlierDriverOfSimulatedSandboxesIsRefusedWithWhatToDo() {
    refuses("fake", "start it with scripts/lib/simulator.sh");
    refuses("fake", "set chowder.sandbox.driver to remote");
  }

  @Test
  void anUnknownDriverIsRefused() {
    refuses("kvm", "chowder.sandbox.driver: must be docker or remote; got kvm");
  }

  @Test
  void aRemoteEngineNeedsASocket() {
    refuses("remote", "chowder.sandbox.remote.socket: must be set");
  }

  private void refuses(String driver, String message) {
    var config =
        ConfigFactory.load(
            ConfigFactory.parseMap(
                    Map.of("chowder.home", home.toString(), "chowder.sandbox.driver", driver))
                .withFallback(ConfigFactory.parseResources("application.conf")));
    assertThatThrownBy(() -> Chowder.start(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
