package dev.chowder.simulator;

import dev.chowder.remote.EngineServer;
import dev.chowder.remote.RemoteEngine;
import dev.chowder.sandbox.SandboxEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Runs the contract of files on simulated sandboxes through the protocol of engines. */
class RemoteHomeFolderContractTest extends SimulatorHomeFolderContract {
  private @Nullable EngineServer server;
  private @Nullable RemoteEngine engine;

  @Override
  protected SandboxEngine engine() {
    var open = engine;
    if (open == null) {
      var settings = RemoteEngineContractTest.settings(folder.resolve("engine.sock"));
      try {
        server = EngineServer.start(simulated(), settings);
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
      open = new RemoteEngine(settings);
      engine = open;
    }
    return open;
  }

  /** Runs after the contract removed its sandbox. */
  @RegisterExtension
  final AfterEachCallback close =
      _ -> {
        if (engine != null) engine.close();
        if (server != null) server.close();
      };
}
