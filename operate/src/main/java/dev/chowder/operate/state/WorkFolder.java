package dev.chowder.operate.state;

import dev.chowder.base.FileTree;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A temporary folder that only its owner can read. It is removed when it is closed, and also when
 * the process ends by a signal.
 */
public final class WorkFolder implements AutoCloseable {
  private final Path path;
  private final Cleanup cleanup = new Cleanup(this::remove);

  private WorkFolder(Path path) {
    this.path = path;
  }

  /** Creates a folder with a new name. */
  public static WorkFolder in(Path parent, String prefix) {
    try {
      return new WorkFolder(Files.createTempDirectory(parent, prefix, OwnerOnly.FOLDER));
    } catch (IOException failed) {
      throw ExitCode.USAGE.cannot("create a folder in " + parent, failed, "make it writable");
    }
  }

  public Path path() {
    return path;
  }

  @Override
  public void close() {
    cleanup.close();
  }

  private void remove() {
    try {
      FileTree.remove(path);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
