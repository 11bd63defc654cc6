package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;

/**
 * Accesses the files below one folder of a sandbox's home directory, whether a process runs or not.
 * Nothing outside the folder is read, written or removed, whatever the sandbox's own processes do
 * meanwhile: no symbolic link is followed. No reader sees a partially written file.
 *
 * <p>Every call blocks, can be interrupted, and holds at most a few buffers of a file. It throws
 * {@link FileRefused} if the request cannot be carried out and {@link SandboxException} if the
 * sandbox is unavailable. Exceptions of the caller's own code pass through.
 */
public interface HomeFolder {
  /**
   * Lists one folder, sorted by name.
   *
   * @param after last name of the previous page; empty for the first page
   * @param limit maximum number of entries of one page, at least 1
   * @throws FileRefused {@code TOO_LARGE} if the folder has more than {@code most} entries
   */
  Listing list(FilePath folder, String after, int limit, int most);

  /**
   * Reads a file.
   *
   * @throws FileRefused {@code TOO_LARGE} if it has more than {@code most} bytes
   */
  void read(FilePath file, long most, Reader reader);

  /**
   * Returns the content of a file.
   *
   * @throws FileRefused {@code TOO_LARGE} if it has more than {@code most} bytes
   */
  default ByteString read(FilePath file, long most) {
    var all = ByteString.newOutput();
    read(
        file,
        most,
        new Reader() {
          @Override
          public Part begin(Entry entry) {
            return new Part(0, entry.size());
          }

          @Override
          public void content(ByteString bytes) throws IOException {
            bytes.writeTo(all);
          }
        });
    return all.toByteString();
  }

  /**
   * Replaces or creates a whole file, and creates missing parent folders. Keeps the permission bits
   * of a replaced file. Changes nothing if {@code content} throws.
   *
   * @return the file's size in bytes
   */
  long write(Content content);

  /**
   * Moves a file or folder. The destination's parent folder must exist.
   *
   * @param overwrite whether a file, or an empty folder, may be replaced by another one
   */
  void move(FilePath source, FilePath destination, boolean overwrite);

  /**
   * Removes a file, a link or a folder.
   *
   * @param recursive whether a folder that is not empty may be removed
   */
  void delete(FilePath path, boolean recursive);

  /** Creates a folder and its missing parents. An existing folder stays as it is. */
  void makeFolder(FilePath folder);

  /** Reads all files and folders. Links, fifos and other kinds are counted and left out. */
  Count readTree(Tree to);

  /**
   * Writes many files and folders: all of them after {@code from} returned and if no existing entry
   * conflicts, none if it throws. Other existing entries stay.
   */
  Count writeTree(TreeContent from);

  /** The kind of an entry. */
  enum Kind {
    FILE,
    FOLDER,
    LINK,
    /** A fifo, a socket or a device. */
    OTHER
  }

  /**
   * The metadata of an entry.
   *
   * @param size bytes of a file
   * @param mode permission bits
   */
  record Entry(FilePath path, Kind kind, long size, Instant modified, int mode) {}

  /**
   * A page of a folder.
   *
   * @param after cursor for the next page; empty on the last one
   * @param omitted number of entries of the whole folder with names that are invalid in a path
   */
  record Listing(List<Entry> entries, String after, int omitted) {}

  /** The number of entries in a tree. */
  record Count(int files, int folders, int omitted) {}

  /** A range of a file in bytes. The part beyond its end is ignored. */
  record Part(long offset, long length) {}

  /** Receives one file. */
  interface Reader {
    /** Receives the file's metadata and returns the requested range. */
    Part begin(Entry file) throws IOException;

    /** Receives the next bytes. */
    void content(ByteString bytes) throws IOException;
  }

  /** Supplies one file. */
  @FunctionalInterface
  interface Content {
    /** Writes the content, then returns the file's path. */
    FilePath writeTo(OutputStream to) throws IOException;
  }

  /** Receives files and folders, each folder before its entries. */
  interface Tree {
    /** Receives the next file or folder. */
    void entry(Entry entry) throws IOException;

    /** Receives the next bytes of the latest file. */
    void content(ByteString bytes) throws IOException;
  }

  /** Supplies files and folders. */
  @FunctionalInterface
  interface TreeContent {
    void writeTo(Tree tree) throws IOException;
  }
}
