package dev.chowder.storage;

import static dev.chowder.base.ErrorText.cannot;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Marks an H2 database whose data were moved to another database, so that no node starts on it. */
final class MovedDatabase {
  private static final String MARK = "moved-to";

  private MovedDatabase() {}

  static void mark(StorageSettings source, StorageSettings target) {
    try {
      Files.writeString(file(source), target.url() + "\n");
    } catch (IOException e) {
      throw new StorageException(
          cannot(
              "mark the moved database",
              e.toString(),
              "start no node on it; the move itself is complete"),
          e);
    }
  }

  static void reject(StorageSettings settings) {
    Path file = file(settings);
    if (settings.dialect() != Dialect.H2 || !Files.exists(file)) return;
    String url;
    try {
      url = Files.readString(file).strip();
    } catch (IOException e) {
      throw new StorageException(
          cannot("read " + file, e.toString(), "make the storage directory readable"), e);
    }
    throw new StorageException(
        cannot(
            "use the database",
            "its data were moved",
            "set CHOWDER_STORAGE_URL="
                + url
                + ", or remove "
                + file
                + " to return to the data before the move"));
  }

  private static Path file(StorageSettings settings) {
    return settings.directory().resolve(MARK);
  }
}
