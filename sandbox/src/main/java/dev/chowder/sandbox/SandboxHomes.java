package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.Optional;

/**
 * Accesses the home directories of an engine's sandboxes, whether a process runs or not. The rules
 * of {@link SandboxEngine} for calls and exceptions apply.
 */
public interface SandboxHomes {
  /**
   * Writes files into the home directory, each atomically and owned by the sandbox's user. Works
   * with and without a running process. While a main process of a later attempt runs, writes
   * nothing and fails with {@link SandboxException.Reason#REFUSED}.
   */
  void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files);

  /**
   * Reads one file; empty if it does not exist. If the path has a folder, a link, or a file of more
   * than {@code maxBytes}, fails with {@link SandboxException.Reason#FILE_REFUSED}.
   */
  Optional<ByteString> readFile(SandboxId id, String path, long maxBytes);

  /**
   * Measures how much of the host's disk a home directory uses, including folders that its user
   * made unreadable, and files that are deleted but still open. Stops when either count exceeds
   * {@code most}. Empty if there is no home directory. Fails with {@link
   * SandboxException.Reason#TIMED_OUT} if measuring takes too long.
   */
  Optional<HomeUsage> measure(SandboxId id, HomeUsage most);

  /**
   * Returns access to the files below a folder of the home directory, for callers that may see only
   * that folder. The folder is created if it does not exist. Its calls carry no {@link Fence}: they
   * use the home directory that exists at the time. {@link #writeFiles} and {@link #readFile} are
   * for Chowder's own files.
   */
  HomeFolder folder(SandboxId id, FilePath folder);
}
