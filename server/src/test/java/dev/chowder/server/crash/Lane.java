package dev.chowder.server.crash;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A home and its server, used by one test at a time. A server that survives a test serves the next
 * one, because most of the time goes into starts.
 */
final class Lane implements AutoCloseable {
  private final Path directory;
  private final HomeStorage storage;
  private final Launcher launcher;
  private final List<String> settings;
  private Path home;
  private int homes;
  private boolean clean = true;
  private Optional<KillableServer> server = Optional.empty();

  /**
   * Prepares homes without a server.
   *
   * @param directory directory to create
   * @param storage storage of all homes
   * @param launcher starts the servers
   * @param settings as for {@link Launcher#launch}
   */
  Lane(Path directory, HomeStorage storage, Launcher launcher, List<String> settings)
      throws IOException {
    this.directory = Files.createDirectory(directory);
    this.storage = storage;
    this.launcher = launcher;
    this.settings = settings;
    this.home = newHome();
  }

  private Path newHome() throws IOException {
    var made = Files.createDirectory(directory.resolve("home-" + homes++));
    launcher.arm(made, "");
    return made;
  }

  /** Ensures that a server is ready, in a home without data of a failed test. */
  void begin() throws IOException {
    if (!clean) {
      close();
      home = newHome();
    }
    clean = false;
    if (server.isEmpty()) restart();
  }

  /** Marks the home as clean for the next test. */
  void markClean() {
    clean = true;
  }

  Path home() {
    return home;
  }

  KillableServer server() {
    return server.orElseThrow();
  }

  void arm(FailpointCase place) {
    launcher.arm(home, place.name());
  }

  void disarm() {
    launcher.arm(home, "");
  }

  /** Stops the server and starts another one without a failpoint. Waits until it is ready. */
  void restart() throws IOException {
    disarm();
    end();
    server = Optional.of(launcher.start(home, storage, settings));
  }

  /** Stops the server and starts another one that dies at this failpoint. Does not wait. */
  void restartTowards(FailpointCase place) throws IOException {
    arm(place);
    end();
    server = Optional.of(launcher.launch(home, storage, settings));
  }

  /** Discards a dead server. */
  void discardDeadServer() {
    disarm();
    if (server.isPresent() && server.get().hasEnded()) end();
  }

  private void end() {
    server.ifPresent(KillableServer::close);
    server = Optional.empty();
  }

  @Override
  public void close() {
    end();
    launcher.endEngine(home);
  }
}
