package dev.chowder.server.cluster;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.chowder.program.ProgramException;
import dev.chowder.program.Root;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A small file system that a test can fill without affecting others. */
public final class SmallDisk implements AutoCloseable {
  private static final int LARGE = 1 << 20;
  private static final int SMALL = 1 << 12;

  private final Root root;
  private final Path folder;

  private SmallDisk(Root root, Path folder) {
    this.root = root;
    this.folder = folder;
  }

  /**
   * Mounts a disk in memory, which all users may write to.
   *
   * @return empty if this user may not mount one, which takes root or sudo without a password
   */
  public static Optional<SmallDisk> mount(int mebibytes) throws IOException {
    var root = Root.find();
    if (root.isEmpty()) {
      System.out.println("no small disk: this user may not become root");
      return Optional.empty();
    }
    var folder = Files.createTempDirectory("chowder-small-disk");
    var options = "size=%dm,mode=1777".formatted(mebibytes);
    try {
      var _ =
          root.get()
              .run("mount", "-t", "tmpfs", "-o", options, "chowder-test", folder.toString())
              .run();
      return Optional.of(new SmallDisk(root.get(), folder));
    } catch (ProgramException why) {
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
    var _ = root.run("umount", folder.toString()).run();
    try {
      Files.delete(folder);
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    }
  }
}
