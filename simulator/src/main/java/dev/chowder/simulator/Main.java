package dev.chowder.simulator;

import dev.chowder.remote.EngineServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process of a simulator: an engine for nodes with {@code chowder.sandbox.engine = remote}.
 * Serves on {@code chowder.sandbox.remote.socket} until SIGTERM. Its sandboxes survive a restart if
 * they have a folder ({@code chowder.sandbox.fake.directory}).
 */
public final class Main {
  private static final Logger LOG = LoggerFactory.getLogger(Main.class);

  private Main() {}

  /** Runs the simulator. It has no arguments. */
  public static void main(String[] args) throws InterruptedException {
    var closed = new CountDownLatch(1);
    try {
      var settings = SimulatorSettings.load();
      try (var engine = new SimulatedEngine(settings.sandboxes());
          var server = EngineServer.start(engine, settings.remote())) {
        closeAtShutdown(server, closed);
        server.awaitEnd();
      } finally {
        closed.countDown();
      }
    } catch (IllegalArgumentException | IOException | UncheckedIOException wrong) {
      LOG.error("{}", String.valueOf(wrong.getMessage()));
      System.exit(1);
    }
  }

  /** Closes the server at SIGTERM, and waits until the main thread has closed the engine. */
  private static void closeAtShutdown(EngineServer server, CountDownLatch closed) {
    Runnable close =
        () -> {
          server.close();
          try {
            closed.await();
          } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
          }
        };
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(close));
  }
}
