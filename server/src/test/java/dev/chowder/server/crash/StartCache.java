package dev.chowder.server.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one process learned, from whose orderly end later ones learn to start in half the time; they
 * do not behave differently. Made once for all classes that run in this JVM.
 */
final class StartCache {
  /** What the JVM learned is written after the server's own end. */
  private static final Duration REHEARSAL_LIMIT = Duration.ofSeconds(90);

  private static @Nullable List<String> options;

  private StartCache() {}

  /** For the command line of a server. */
  static synchronized List<String> options() throws IOException {
    var known = options;
    if (known == null) {
      // The JVM can do that with jars only, so not when an IDE runs this.
      known =
          ServerProcess.runsFromJars() ? List.of("-XX:AOTCache=" + rehearse()) : List.<String>of();
      options = known;
    }
    return known;
  }

  private static Path rehearse() throws IOException {
    var folder = Files.createTempDirectory("start-cache");
    var cache = folder.resolve("start.aot");
    var home = Files.createDirectory(folder.resolve("home"));
    ServerProcess.disarm(home);
    try (var models = new ListedModels();
        var first =
            ServerProcess.launch(
                home, new HomeStorage.File(), List.of("-XX:AOTCacheOutput=" + cache))) {
      var journey = new Journey(home, models.baseUrl(), _ -> {});
      journey.live(first);
      journey.settle(first);
      first.terminate();
      first.awaitExit(REHEARSAL_LIMIT);
      assertThat(cache).as(first.tail()).exists();
    }
    deleteAtTheEnd(folder);
    return cache;
  }

  /** Folders before what is in them: the JVM deletes in the reverse order. */
  static void deleteAtTheEnd(Path folder) throws IOException {
    try (var all = Files.walk(folder)) {
      all.forEach(path -> path.toFile().deleteOnExit());
    }
  }
}
