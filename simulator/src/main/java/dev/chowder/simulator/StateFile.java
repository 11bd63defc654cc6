package dev.chowder.simulator;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A value that outlives its process and that the other processes of a folder read, as JSON in a
 * file. Without a file, the value is in memory only. The last writer wins.
 */
final class StateFile<T> {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Two processes must not write the same draft. */
  private static final String DRAFT = ".new-" + UUID.randomUUID() + "-";

  private static final AtomicLong DRAFTS = new AtomicLong();

  private final @Nullable Path file;
  private final JavaType type;
  private @Nullable T value;
  private @Nullable Version version;

  /** Identifies one write of the file. A file with the inode of a deleted one has another time. */
  private record Version(@Nullable Object inode, FileTime modified, long size) {
    static Version of(Path file) throws IOException {
      var attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Version(attributes.fileKey(), attributes.lastModifiedTime(), attributes.size());
    }
  }

  /**
   * Creates a value without reading the file.
   *
   * @param file where the value is stored; empty for memory only
   */
  StateFile(Optional<Path> file, TypeReference<T> type) {
    this.file = file.orElse(null);
    this.type = JSON.constructType(type);
  }

  /** Returns the value that was read or written last; empty if there is none. */
  synchronized Optional<T> get() {
    return Optional.ofNullable(value);
  }

  /** Returns the current value, which another process may have changed; empty if there is none. */
  synchronized Optional<T> read() {
    if (file == null) return get();
    try {
      // Costs less than the exception of a missing file, and most files are missing.
      var found = Files.exists(file) ? Version.of(file) : null;
      if (!Objects.equals(found, version)) {
        value = found == null ? null : JSON.readValue(Files.readAllBytes(file), type);
        version = found;
      }
    } catch (NoSuchFileException removed) {
      value = null;
      version = null;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return get();
  }

  /** Replaces the value. There is none afterwards if the folder of the file was removed. */
  synchronized void write(T next) {
    if (file == null) {
      value = next;
      return;
    }
    var draft = file.resolveSibling(file.getFileName() + DRAFT + DRAFTS.incrementAndGet());
    try {
      Files.write(draft, JSON.writeValueAsBytes(next));
      var written = Version.of(draft);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
      value = next;
      version = written;
    } catch (NoSuchFileException removed) {
      value = null;
      version = null;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Removes the value. */
  synchronized void clear() {
    value = null;
    version = null;
    if (file == null) return;
    try {
      Files.deleteIfExists(file);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
