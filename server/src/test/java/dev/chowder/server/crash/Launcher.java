package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Starts the servers of homes, and chooses where they die. Sandboxes and data outlive them. */
interface Launcher extends AutoCloseable {
  /**
   * Starts a server without waiting.
   *
   * @param storage where it stores its data
   * @param settings options, which override those of all tests
   */
  KillableServer launch(Path home, HomeStorage storage, List<String> settings) throws IOException;

  /** Starts a server and waits until it is ready. */
  KillableServer start(Path home, HomeStorage storage, List<String> settings) throws IOException;

  /**
   * Arms a failpoint: the running server, and every later one in this home, dies there.
   *
   * @param failpoint name; empty for none
   */
  void arm(Path home, String failpoint);

  /** Ends the engine of a home if it outlives its servers. */
  void endEngine(Path home);

  @Override
  void close();

  /** Each server is a process. */
  final class Processes implements Launcher {
    @Override
    public KillableServer launch(Path home, HomeStorage storage, List<String> settings)
        throws IOException {
      return ServerProcess.launch(home, storage, settings);
    }

    @Override
    public KillableServer start(Path home, HomeStorage storage, List<String> settings)
        throws IOException {
      return ServerProcess.start(home, storage, settings);
    }

    @Override
    public void arm(Path home, String failpoint) {
      ServerProcess.arm(home, failpoint);
    }

    @Override
    public void endEngine(Path home) {
      // Its sandboxes are files, and each server has an engine of its own.
    }

    @Override
    public void close() {}
  }
}
