package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;

/**
 * The files below one folder of a sandbox's home, whether a process runs or not. Nothing outside of
 * that folder is ever read, written or removed, whatever the sandbox's own processes do meanwhile:
 * no symbolic link is followed, on the way or at the end. Nobody sees a file that is half written.
 *
 * <p>Every call blocks and can be interrupted, holds no more than a few buffers of a file, and
 * throws {@link FileRefused} for what is wrong with what was asked, {@link SandboxException} when
 * the sandbox cannot be reached, and whatever the caller's own code throws.
 */
public interface SandboxFiles {
  /**
   * Lists one folder, by name.
   *
   * @param after the last name of the page before; empty: from the first
   * @param limit entries of one page, at least 1
   * @throws FileRefused {@code TOO_LARGE} when the folder has more than {@code most} entries
   */
  Listing list(FilePath folder, String after, int limit, int most);

  /**
   * Reads a file.
   *
   * @throws FileRefused {@code TOO_LARGE} when it has more than {@code most} bytes
   */
  void read(FilePath file, long most, Reader reader);

  /**
   * Writes a file whole: makes the folders on its way, and replaces what is there, whose permission
   * bits it keeps. When {@code content} throws, nothing is changed.
   *
   * @return its size
   */
  long write(Content content);

  /**
   * Gives a file or folder another path; the folder that it goes to is there.
   *
   * @param overwrite whether a file, or an empty folder, may be replaced by another one
   */
  void move(FilePath source, FilePath destination, boolean overwrite);

  /**
   * Removes a file, a link or a folder.
   *
   * @param recursive whether also a folder that has something in it
   */
  void delete(FilePath path, boolean recursive);

  /** Makes a folder and those on its way; one that is there is left as it is. */
  void makeFolder(FilePath folder);

  /** Reads all files and folders; links, fifos and the like are left out and counted. */
  Count readTree(Tree to);

  /**
   * Writes many files and folders: all when {@code from} has come to its end and nothing is in the
   * way, none when it throws. What is there besides stays.
   */
  Count writeTree(TreeContent from);

  /** What an entry is. */
  enum Kind {
    FILE,
    FOLDER,
    LINK,
    /** A fifo, a socket or a device. */
    OTHER
  }

  /**
   * What is known of an entry.
   *
   * @param size bytes of a file
   * @param mode permission bits
   */
  record Entry(FilePath path, Kind kind, long size, Instant modified, int mode) {}

  /**
   * A page of a folder.
   *
   * @param after for the next page; empty on the last one
   * @param omitted how many entries of the whole folder have names that are no part of a path
   */
  record Listing(List<Entry> entries, String after, int omitted) {}

  /** What a tree had. */
  record Count(int files, int folders, int omitted) {}

  /** A part of a file, in bytes; what is beyond its end is left out. */
  record Part(long offset, long length) {}

  /** Takes one file. */
  interface Reader {
    /** What it is; returns which part is wanted. */
    Part begin(Entry file) throws IOException;

    /** The next bytes. */
    void content(ByteString bytes) throws IOException;
  }

  /** Gives one file. */
  @FunctionalInterface
  interface Content {
    /** Writes it, and says then where it belongs. */
    FilePath writeTo(OutputStream to) throws IOException;
  }

  /** Takes files and folders, each folder before what is in it. */
  interface Tree {
    /** The next one. */
    void entry(Entry entry) throws IOException;

    /** The next bytes of the file that was told last. */
    void content(ByteString bytes) throws IOException;
  }

  /** Gives files and folders. */
  @FunctionalInterface
  interface TreeContent {
    void writeTo(Tree tree) throws IOException;
  }
}
