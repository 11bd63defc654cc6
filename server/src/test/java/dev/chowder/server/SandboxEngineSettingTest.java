package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the setting that chooses the engine of sandboxes. */
class SandboxEngineSettingTest {
  @TempDir Path home;

  @Test
  void theRemovedEngineOfSimulatedSandboxesIsRefusedWithWhatToDo() {
    refuses("fake", "start it with scripts/chowder developer simulator-start");
    refuses("fake", "set chowder.sandbox.engine to remote");
  }

  @Test
  void anUnknownEngineIsRefused() {
    refuses("kvm", "chowder.sandbox.engine: must be docker or remote; got kvm");
  }

  @Test
  void aRemoteEngineNeedsASocket() {
    refuses("remote", "chowder.sandbox.remote.socket: must be set");
  }

  private void refuses(String engine, String message) {
    var config =
        ConfigFactory.load(
            ConfigFactory.parseMap(
                    Map.of("chowder.home", home.toString(), "chowder.sandbox.engine", engine))
                .withFallback(ConfigFactory.parseResources("application.conf")));
    assertThatThrownBy(() -> Chowder.start(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
