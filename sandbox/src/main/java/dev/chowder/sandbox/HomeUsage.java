package dev.chowder.sandbox;

/**
 * The size of a home directory.
 *
 * @param bytes disk space of its files, in blocks converted to bytes
 * @param files number of files and folders
 */
public record HomeUsage(long bytes, long files) {
  /** Returns whether either value exceeds {@code limit}. */
  public boolean exceeds(HomeUsage limit) {
    return bytes > limit.bytes() || files > limit.files();
  }
}
