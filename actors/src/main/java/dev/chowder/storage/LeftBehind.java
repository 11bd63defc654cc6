package dev.chowder.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The mark on a database in a file whose data went elsewhere, so that no node goes on from it. */
final class LeftBehind {
  private static final String MARK = "moved-to";

  private LeftBehind() {}

  static void mark(StorageSettings source, StorageSettings target) {
    try {
      Files.writeString(file(source), target.url() + "\n");
    } catch (IOException e) {
      throw new StorageException(
          "storage directory: " + e + " (expected: a writable place); the move itself is done", e);
    }
  }

  static void refuse(StorageSettings settings) {
    Path file = file(settings);
    if (settings.dialect() != Dialect.H2 || !Files.exists(file)) return;
    String url;
    try {
      url = Files.readString(file).strip();
    } catch (IOException e) {
      throw new StorageException("storage directory: " + e + " (expected: readable)", e);
    }
    throw new StorageException(
        "database: its data were moved (expected: CHOWDER_STORAGE_URL="
            + url
            + "); to go back to what it was then, remove "
            + file);
  }

  private static Path file(StorageSettings settings) {
    return settings.directory().resolve(MARK);
  }
}
