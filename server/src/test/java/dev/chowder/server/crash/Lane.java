package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A home and the server in it, for one test at a time. A server that a test left alive serves the
 * next one too: starts are what takes the time.
 */
final class Lane implements AutoCloseable {
  private final Path directory;
  private final HomeStorage storage;
  private Path home;
  private int homes;
  private boolean clean = true;
  private Optional<ServerProcess> server = Optional.empty();

  /**
   * Makes one, without a server.
   *
   * @param directory made here
   * @param storage of all its homes
   */
  Lane(Path directory, HomeStorage storage) throws IOException {
    this.directory = Files.createDirectory(directory);
    this.storage = storage;
    this.home = newHome();
  }

  private Path newHome() throws IOException {
    var made = Files.createDirectory(directory.resolve("home-" + homes++));
    ServerProcess.disarm(made);
    return made;
  }

  /** Has a server that serves, in a home without traces of a test that failed. */
  void begin() throws IOException {
    if (!clean) {
      end();
      home = newHome();
    }
    clean = false;
    if (server.isEmpty()) restart();
  }

  /** What the test left is fit for the next one. */
  void isClean() {
    clean = true;
  }

  Path home() {
    return home;
  }

  ServerProcess server() {
    return server.orElseThrow();
  }

  void arm(Place place) {
    ServerProcess.arm(home, place.name());
  }

  void disarm() {
    ServerProcess.disarm(home);
  }

  /** Ends what runs, and waits until the next server serves, without a failpoint. */
  void restart() throws IOException {
    disarm();
    end();
    server = Optional.of(ServerProcess.start(home, storage));
  }

  /** Ends what runs, and starts a server that is to die at this place; waits for nothing. */
  void restartTowards(Place place) throws IOException {
    arm(place);
    end();
    server = Optional.of(ServerProcess.launch(home, storage));
  }

  /** Forgets a server that is dead. */
  void keepOnlyTheLiving() {
    disarm();
    if (server.isPresent() && server.get().hasEnded()) end();
  }

  private void end() {
    server.ifPresent(ServerProcess::close);
    server = Optional.empty();
  }

  @Override
  public void close() {
    end();
  }
}
