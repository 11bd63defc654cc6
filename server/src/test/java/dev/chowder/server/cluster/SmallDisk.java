package dev.chowder.server.cluster;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A small file system that a test can fill without affecting others. */
public final class SmallDisk implements AutoCloseable {
  private static final int LARGE = 1 << 20;
  private static final int SMALL = 1 << 12;

  private final Path folder;

  private SmallDisk(Path folder) {
    this.folder = folder;
  }

  /**
   * Mounts a disk.
   *
   * @return empty if this user may not mount one, which takes root or sudo without a password
   */
  public static Optional<SmallDisk> mount(int mebibytes) throws IOException {
    var folder = Files.createTempDirectory("chowder-small-disk");
    try {
      var _ =
          Script.run(
              List.of("disk"),
              "disk_mount \"$1\" \"$2\"",
              folder.toString(),
              Integer.toString(mebibytes));
      return Optional.of(new SmallDisk(folder));
    } catch (IllegalStateException why) {
      System.out.println("no small disk: " + why.getMessage());
      Files.delete(folder);
      return Optional.empty();
    }
  }

  public Path folder() {
    return folder;
  }

  /** Fills every free block. Must be repeated, because other processes free blocks again. */
  public void fill() throws IOException {
    try (var ballast = FileChannel.open(ballast(), CREATE, WRITE, APPEND)) {
      for (int size = LARGE; size >= SMALL; size /= 16) {
        fill(ballast, size);
      }
    }
  }

  private static void fill(FileChannel ballast, int size) {
    var zeros = ByteBuffer.allocateDirect(size);
    try {
      while (true) {
        var _ = ballast.write(zeros.clear());
      }
    } catch (IOException full) {
      // The disk has no space for a block of this size.
    }
  }

  /** Frees the filled space. */
  public void empty() throws IOException {
    Files.deleteIfExists(ballast());
  }

  private Path ballast() {
    return folder.resolve("ballast");
  }

  /** Unmounts the disk and discards its content. */
  @Override
  public void close() {
    var _ = Script.run(List.of("disk"), "disk_unmount \"$1\" && rmdir \"$1\"", folder.toString());
  }
}
