package dev.chowder.checks;

import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder of the cache with the versions of a program, each in a folder of its own. Processes that
 * fill it wait for each other.
 *
 * @param folder is created if it does not exist
 */
public record CacheFolder(Path folder) {
  private static final String LOCK = "lock";

  /** Installs a version into an empty folder. */
  public interface Filler {
    /** A failure leaves the version incomplete, so that the next call fills it again. */
    void fill(Path folder) throws IOException;
  }

  /**
   * Returns the folder of a version, which is filled if it is not complete.
   *
   * @param mark a file of the folder whose existence means that it is complete; created if the
   *     filler does not create it
   */
  public Path version(String version, String mark, Filler filler) {
    return ensure(version, mark, filler, false);
  }

  /** Returns the folder of a version like {@link #version}, and removes the other versions. */
  public Path only(String version, String mark, Filler filler) {
    return ensure(version, mark, filler, true);
  }

  private Path ensure(String version, String mark, Filler filler, boolean alone) {
    var filled = folder.resolve(version);
    if (Files.exists(filled.resolve(mark))) return filled;
    try {
      Files.createDirectories(folder);
      try (var lock = open(folder.resolve(LOCK));
          var _ = lock.lock()) {
        if (Files.exists(filled.resolve(mark))) return filled;
        for (var old : alone ? versions() : List.of(filled)) remove(old);
        Files.createDirectories(filled);
        filler.fill(filled);
        if (!Files.exists(filled.resolve(mark))) Files.createFile(filled.resolve(mark));
        return filled;
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static FileChannel open(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private List<Path> versions() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(Files::isDirectory).toList();
    }
  }

  private static void remove(Path old) {
    var _ = Program.of("rm", "-rf", "--", old.toString()).run();
  }
}
