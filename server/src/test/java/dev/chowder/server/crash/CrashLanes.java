package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The lanes of a test class, each with its own home and server, for tests that run in parallel. */
final class CrashLanes implements AutoCloseable {
  /** Longer than the longest scenario on a busy machine. */
  private static final Duration LIMIT = Duration.ofMinutes(10);

  /** JUnit runs the same number of tests in parallel. */
  private static final int LANES = 2;

  private final BlockingQueue<Lane> free = new LinkedBlockingQueue<>();
  private final ListedModels models = new ListedModels();
  private final HomeStorage storage;
  private final Launcher launcher;

  /**
   * Prepares the lanes without starting a server.
   *
   * @param base folder for the homes
   * @param settings as for {@link Launcher#launch}
   */
  CrashLanes(Path base, HomeStorage storage, Launcher launcher, List<String> settings)
      throws IOException {
    this.storage = storage;
    this.launcher = launcher;
    for (int n = 0; n < LANES; n++) {
      free.add(new Lane(base.resolve("lane-" + n), storage, launcher, settings));
    }
  }

  /** Returns a free lane with a server, in a home without data of a failed test. */
  Lane take() throws IOException, InterruptedException {
    var lane = free.poll(LIMIT.toSeconds(), TimeUnit.SECONDS);
    assertThat(lane).as("a free lane after " + LIMIT).isNotNull();
    boolean ready = false;
    try {
      lane.begin();
      ready = true;
      return lane;
    } finally {
      if (!ready) free.add(lane);
    }
  }

  void release(Lane lane) {
    lane.discardDeadServer();
    free.add(lane);
  }

  HomeStorage storage() {
    return storage;
  }

  String modelUrl() {
    return models.baseUrl();
  }

  @Override
  public void close() {
    free.forEach(Lane::close);
    launcher.close();
    storage.close();
    models.close();
  }
}
