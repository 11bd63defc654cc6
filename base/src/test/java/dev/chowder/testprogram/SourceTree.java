package dev.chowder.testprogram;

import dev.chowder.program.DebianPackages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The folder of the sources that contains the working directory, and the cache for the programs of
 * its tests.
 *
 * @param root has the folder {@code scripts}
 * @param cache the folder that {@code CHOWDER_CACHE} names, which {@code scripts/down --purge}
 *     removes
 */
public record SourceTree(Path root, Path cache) {
  /** Returns the sources that contain the working directory. */
  public static SourceTree here() {
    var folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("scripts"))) {
      var parent = folder.getParent();
      if (parent == null) throw new IllegalStateException("no folder above this one has scripts");
      folder = parent;
    }
    return new SourceTree(folder, cache(System.getenv()));
  }

  /** Returns the cache of the scripts, as {@code common.sh} does. */
  static Path cache(Map<String, String> environment) {
    var set = environment.getOrDefault("CHOWDER_CACHE", "");
    if (!set.isEmpty()) return Path.of(set);
    var caches = environment.getOrDefault("XDG_CACHE_HOME", "");
    return (caches.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(caches))
        .resolve("chowder");
  }

  /** Returns Debian's packages, as the scripts install them. */
  public DebianPackages packages() {
    return new DebianPackages(root.resolve("scripts/lib"));
  }
}
