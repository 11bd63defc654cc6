package dev.chowder.admin.storage;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.admin.installation.OwnerOnly;
import dev.chowder.base.FileTree;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A temporary folder that only its owner can read. It is removed when it is closed, and also when
 * the process ends by a signal.
 */
final class WorkFolder implements AutoCloseable {
  private final Path path;
  private final Thread atTheEnd = Thread.ofPlatform().unstarted(this::remove);

  private WorkFolder(Path path) {
    this.path = path;
  }

  /** Creates a folder with a new name. */
  static WorkFolder in(Path parent, String prefix) {
    try {
      var folder = new WorkFolder(Files.createTempDirectory(parent, prefix, OwnerOnly.FOLDER));
      Runtime.getRuntime().addShutdownHook(folder.atTheEnd);
      return folder;
    } catch (IOException failed) {
      throw new CommandException(
          ExitCode.USAGE,
          cannot("create a folder in " + parent, failed.toString(), "make it writable"),
          failed);
    }
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(atTheEnd);
    } catch (IllegalStateException ending) {
      // It runs already.
      return;
    }
    remove();
  }

  private void remove() {
    try {
      FileTree.remove(path);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
