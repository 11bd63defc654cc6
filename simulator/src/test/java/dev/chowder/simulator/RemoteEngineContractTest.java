package dev.chowder.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.remote.EngineServer;
import dev.chowder.remote.RemoteEngine;
import dev.chowder.remote.RemoteSettings;
import dev.chowder.sandbox.SandboxEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Runs the contract on simulated sandboxes through the protocol of engines. */
class RemoteEngineContractTest extends SimulatedSandboxesContract {
  @TempDir private Path folder;
  private EngineServer server;
  private RemoteEngine engine;

  /** Returns the default settings with this socket. */
  static RemoteSettings settings(Path socket) {
    var path = Map.of("chowder.sandbox.remote.socket", socket.toString());
    return RemoteSettings.of(ConfigFactory.parseMap(path).withFallback(ConfigFactory.load()));
  }

  @BeforeEach
  void serve() throws IOException {
    var settings = settings(folder.resolve("engine.sock"));
    server = EngineServer.start(simulated, settings);
    engine = new RemoteEngine(settings);
  }

  /** Runs after the contract removed its sandbox. */
  @RegisterExtension
  final AfterEachCallback close =
      _ -> {
        engine.close();
        server.close();
      };

  @Override
  protected SandboxEngine engine() {
    return engine;
  }

  @Override
  protected SandboxEngine unreachable() {
    return new RemoteEngine(settings(folder.resolve("absent.sock")));
  }

  @Test
  void allPartsOfTheHostArePassed() {
    assertThat(engine.host().capacity()).isEqualTo(simulated.host().capacity());
    assertThat(engine.host().hostAddressFromSandbox()).isEqualTo("127.0.0.1");
    engine.host().openHostPorts(Set.of(1, 65_535));
    assertThat(simulated.host().openHostPorts()).containsExactlyInAnyOrder(1, 65_535);
  }
}
