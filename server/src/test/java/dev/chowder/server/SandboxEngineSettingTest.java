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
  void anUnknownEngineIsRefused() {
    refuses("kvm", "", "chowder.sandbox.engine: must be docker or simulated; got kvm");
    refuses(
        "remote", "", "the engine remote was removed, because no engine runs in another process");
  }

  @Test
  void theSimulatorIsNotInANode() {
    refuses("simulated", "", "chowder.sandbox.simulator: must be set for the engine simulated");
    refuses("simulated", home + "/absent/*", "cannot read chowder.sandbox.simulator");
  }

  private void refuses(String engine, String simulator, String message) {
    var config =
        ConfigFactory.load(
            ConfigFactory.parseMap(
                    Map.of(
                        "chowder.home",
                        home.toString(),
                        "chowder.sandbox.engine",
                        engine,
                        "chowder.sandbox.simulator",
                        simulator))
                .withFallback(ConfigFactory.parseResources("application.conf")));
    assertThatThrownBy(() -> Chowder.start(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }
}
