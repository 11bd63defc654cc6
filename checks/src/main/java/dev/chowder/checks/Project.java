package dev.chowder.checks;

import dev.chowder.base.Sha256;
import dev.chowder.program.DebianPackages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The folder of the sources and the cache for programs that checks download or build.
 *
 * @param root the folder of the sources
 * @param cache the folder that {@code CHOWDER_CACHE} names, which {@code scripts/down --purge}
 *     removes
 */
public record Project(Path root, Path cache) {
  private static final int KEY_CHARACTERS = 16;

  /** Returns the project that contains the working directory. */
  public static Project here() {
    var environment = System.getenv();
    var folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("scripts"))) {
      var parent = folder.getParent();
      if (parent == null) throw new IllegalStateException("no folder above this one has scripts");
      folder = parent;
    }
    return new Project(folder, cache(environment));
  }

  /** As in common.sh. */
  private static Path cache(Map<String, String> environment) {
    var set = environment.getOrDefault("CHOWDER_CACHE", "");
    if (!set.isEmpty()) return Path.of(set);
    var caches = environment.getOrDefault("XDG_CACHE_HOME", "");
    return (caches.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(caches))
        .resolve("chowder");
  }

  public Path file(String path) {
    return root.resolve(path);
  }

  /**
   * Returns a folder of the cache. {@code scripts/down --purge} names it, too: {@code
   * CacheFoldersTest} finds the calls of this method.
   */
  public CacheFolder cached(String name) {
    return new CacheFolder(cache.resolve(name));
  }

  /** Returns Debian's packages, as the scripts install them. */
  public DebianPackages packages() {
    return new DebianPackages(file("scripts/lib"));
  }

  /** Returns a short hash of the names and contents of files and folders, in a stable order. */
  public String contentKey(String... paths) {
    try {
      var digest = Sha256.digest();
      for (var file :
          Stream.of(paths).flatMap(path -> files(file(path)).stream()).sorted().toList()) {
        digest.update(root.relativize(file).toString().getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
        digest.update(Files.readAllBytes(file));
      }
      return HexFormat.of().formatHex(digest.digest()).substring(0, KEY_CHARACTERS);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static List<Path> files(Path folder) {
    try (var all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).toList();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
