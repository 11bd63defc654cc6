package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Runs sandboxes on one host. A sandbox is a home directory that outlives its processes, and at
 * most one process at a time that uses it. The process is a task that ends by itself, or the
 * long-running main process.
 *
 * <p>Every call blocks and is idempotent: repeated after a crash, it has the same outcome. Calls
 * can be interrupted; {@link #remove} finds what an interrupted call left behind. All calls throw
 * {@link SandboxException} and nothing else.
 *
 * <p>A call can also come late, from a node that was paused and no longer hosts the instance. Each
 * process is therefore labelled with its attempt and each home directory with its generation. A
 * call that stops, replaces, overwrites or removes something names the ones that it means ({@link
 * Fence}).
 */
public interface SandboxDriver extends AutoCloseable {
  /**
   * Creates the home directory from the snapshot. An existing one stays as it is. If it has another
   * generation, the call fails with {@link SandboxException.Reason#HOME_REPLACED}.
   */
  void create(SandboxSpec spec);

  /**
   * Runs a task in its own container and returns when it ends. First removes the previous task or
   * main process of this sandbox. While one of a later attempt runs, removes nothing and fails with
   * {@link SandboxException.Reason#REFUSED}.
   *
   * @param limit maximum duration; after it the task is killed and the call fails with {@link
   *     SandboxException.Reason#TIMED_OUT}
   */
  TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit);

  /**
   * Runs a command in the container of the main process and returns when it ends. Changes that it
   * makes in the home directory persist. Fails with {@link SandboxException.Reason#NOT_FOUND} if no
   * main process runs.
   *
   * @param limit maximum duration in whole seconds; after it the command is killed and the call
   *     fails with {@link SandboxException.Reason#TIMED_OUT}
   * @return a result with only the tail of stdout as {@code output}
   */
  TaskResult exec(SandboxId id, List<String> command, Duration limit);

  /**
   * Creates the main process, but does not start it. A later {@link #start} of the same
   * specification then starts this one, and until then {@link #readFile} and {@link #writeFiles}
   * need no container of their own. Does nothing if a main process exists. While one of a later
   * attempt runs, the call fails with {@link SandboxException.Reason#REFUSED}.
   */
  void prepare(SandboxId id, Fence fence, ProcessSpec process);

  /**
   * Starts the main process and returns its endpoint, without waiting until it responds. Keeps a
   * running main process of the same attempt. Restarts one that ended, or creates another if it was
   * removed or its spec differs. While one of a later attempt runs, the call fails with {@link
   * SandboxException.Reason#REFUSED}.
   */
  SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process);

  /**
   * Stops the main process with SIGTERM, and with SIGKILL after {@code grace}. A frozen process is
   * thawed for SIGTERM, which reads its memory back from swap. Without a grace, the process gets
   * SIGKILL at once, and nothing is read back. The home directory stays. Does nothing if no process
   * runs. While one of a later attempt runs, the call fails with {@link
   * SandboxException.Reason#REFUSED}.
   */
  StopResult stop(SandboxId id, int attempt, Duration grace);

  /**
   * Freezes the running main process. It keeps its memory and uses no CPU, and its connections stay
   * open without a response. Does nothing if it is frozen. Fails with {@link
   * SandboxException.Reason#NOT_FOUND} if no main process runs, and with {@link
   * SandboxException.Reason#REFUSED} if one of a later attempt runs.
   *
   * @return the attempt on the label of the process, at most {@code attempt}
   */
  int freeze(SandboxId id, int attempt);

  /**
   * Lets a frozen main process continue and returns its endpoint. Its memory is read from swap
   * while it continues. Returns the endpoint also if the process runs and was never frozen.
   *
   * <p>The result is empty if no process of attempt {@code boot} runs, or if {@link #start} would
   * create a different one today because the image, a limit, the command or the environment
   * changed. Nothing changes then, and the caller starts the process instead. While a process of a
   * later attempt than that of the fence runs, the call fails with {@link
   * SandboxException.Reason#REFUSED}.
   *
   * @param fence the attempt of the caller, and the home volume that it means
   * @param boot the attempt with which the process was started
   * @param process what the caller would start today
   */
  Optional<SandboxEndpoint> thaw(SandboxId id, Fence fence, int boot, ProcessSpec process);

  /**
   * Moves memory of the frozen main process to the host's swap, at most as much as is free there.
   * Does nothing on a host without swap, or if the host does not permit it. The process never ends
   * because of this call. A call that is interrupted leaves a process that {@link #thaw} lets
   * continue. Fails with {@link SandboxException.Reason#NOT_FOUND} if no frozen process of this
   * attempt or an earlier one exists.
   *
   * @return the memory of the process afterwards
   */
  MemoryUse pageOut(SandboxId id, int attempt);

  /** Returns the memory of the main process, running or frozen; empty if none runs. */
  Optional<MemoryUse> memory(SandboxId id);

  /**
   * Memory of a main process, in bytes.
   *
   * @param residentBytes bytes in the host's memory, without file contents that the kernel can drop
   * @param swappedBytes bytes in the host's swap, before compression; 0 if the driver cannot tell
   */
  record MemoryUse(long residentBytes, long swappedBytes) {}

  /**
   * Stops and removes the processes of this attempt and of earlier ones. The home directory stays.
   */
  void removeProcesses(SandboxId id, int attempt);

  /**
   * Removes everything within the fence, in any state: the home directory of that generation and
   * the processes that used it. A directory that a process of a later attempt uses stays. Does
   * nothing if nothing exists.
   *
   * @return whether nothing of the sandbox is left
   */
  boolean remove(SandboxId id, Fence fence);

  /** Returns the current state. Fails if the engine does not respond, and never guesses. */
  SandboxObservation observe(SandboxId id);

  /**
   * Returns how an existing main process that does not run ended. The result is {@link
   * Ending#WITH_ENGINE} if there is no such process, or if the engine does not remember its end.
   * The engine forgets it when it restarts or after many later events.
   */
  Ending howEnded(SandboxId id);

  /**
   * Returns the address of an unpublished port of the main process. Only Chowder's machine can
   * reach it. Empty if no main process runs. Does not check whether a process listens on the port.
   */
  Optional<SandboxEndpoint> unpublished(SandboxId id, int port);

  /**
   * Lists all sandboxes of this installation, including those without a journal entry. Inspects no
   * container, so a container that hangs does not delay it. The list therefore does not show how a
   * process ended ({@link SandboxObservation.MainProcess.Ended#NOT_INSPECTED}).
   */
  List<SandboxObservation> list();

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
   * made unreadable. Stops when either count exceeds {@code most}. Empty if there is no home
   * directory, or if measuring takes too long.
   */
  Optional<HomeUsage> measureHome(SandboxId id, HomeUsage most);

  /**
   * The size of a home directory.
   *
   * @param bytes disk space of its files, in blocks converted to bytes
   * @param files number of files and folders
   */
  record HomeUsage(long bytes, long files) {
    /** Returns whether either value exceeds {@code limit}. */
    public boolean exceeds(HomeUsage limit) {
      return bytes > limit.bytes() || files > limit.files();
    }
  }

  /**
   * Returns access to the files below a folder of the home directory, for callers that may see only
   * that folder. The folder is created if it does not exist. {@link #writeFiles} and {@link
   * #readFile} are for Chowder's own files.
   */
  SandboxFiles files(SandboxId id, FilePath folder);

  /**
   * Sends the main process's last {@code lines} output lines. With {@code follow}, continues until
   * the process ends or the returned handle is closed. Lines arrive on a thread of the driver. A
   * slow {@code onLine} slows the source and does not fill the heap.
   */
  AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader);

  /**
   * Reports processes that ended or were removed, until the handle is closed. Some events may be
   * missed; only {@link #observe} is authoritative.
   */
  AutoCloseable events(Consumer<SandboxEvent> onEvent);

  /** Returns the host's total and available memory, and its swap. */
  HostCapacity capacity();

  /** Returns the address under which sandboxes reach the machine that Chowder runs on. */
  String hostAddressFromSandbox();

  /**
   * Lets sandboxes reach exactly these ports of the host; connections through other ports are
   * closed. If the host cannot be changed yet, for example because its engine does not respond,
   * this returns. The change then follows as soon as possible.
   */
  void openHostPorts(Set<Integer> ports);

  /**
   * Returns why sandboxes may reach this host, each other or private networks; empty if the last
   * check found the firewall rules in place. Does not block.
   */
  Optional<String> isolationFailure();

  @Override
  void close();

  /**
   * The sandbox to create.
   *
   * @param generation generation of its home directory; 0 for a directory without a label
   */
  record SandboxSpec(SandboxId id, String organizationId, String snapshot, int generation) {}

  /**
   * A command that ends by itself.
   *
   * @param files files that are written before it starts, with paths relative to the home directory
   */
  record TaskSpec(
      String snapshot, String organizationId, List<String> command, List<SandboxFile> files) {}

  /**
   * The main process. Its port is published on an address that only the host reaches. The
   * environment never holds a secret.
   */
  record ProcessSpec(
      String snapshot,
      String organizationId,
      List<String> command,
      Map<String, String> environment,
      int port) {}

  /** The result of a task; {@code output} is the tail of stdout and stderr, at most 16 KiB. */
  record TaskResult(int exitCode, boolean outOfMemory, String output) {}

  /** The cause of a main process's end. */
  enum Ending {
    /** It ended by itself, or was killed by something other than a stop through the engine. */
    BY_ITSELF,
    /** The engine received a request to stop it, or to send it SIGTERM. */
    STOPPED,
    /** The engine ended or restarted, or the host did. */
    WITH_ENGINE
  }

  /** The result of a stop. */
  record StopResult(boolean wasRunning, boolean killed, int exitCode) {}

  /** A file in a home directory: relative path, content, and permission bits such as 0600. */
  record SandboxFile(String path, ByteString content, int mode) {}

  /** The address of a main process, as seen from Chowder. */
  record SandboxEndpoint(String host, int port) {
    @Override
    public String toString() {
      return host + ":" + port;
    }

    public static SandboxEndpoint parse(String text) {
      int colon = text.lastIndexOf(':');
      return new SandboxEndpoint(
          text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }
  }

  /**
   * The host's memory and swap, in bytes, and how much its tasks wait for memory.
   *
   * @param totalBytes memory of the host
   * @param availableBytes how much of it a new process could use without swapping
   * @param swapFreeBytes free swap; 0 if there is none or if the driver cannot tell
   * @param compressedBytes memory that compressed swap takes, which the end of a paged-out process
   *     frees; 0 if the host has no such swap
   * @param stalledPercent share of the last 10 s, in percent, in which all tasks of the host waited
   *     for memory; 0 if the driver cannot tell
   */
  record HostCapacity(
      long totalBytes,
      long availableBytes,
      long swapFreeBytes,
      long compressedBytes,
      double stalledPercent) {}

  /** Reports that a sandbox's main process ended or vanished. */
  record SandboxEvent(SandboxId id, String what) {}

  /** Receives log lines, then exactly one {@link #onEnd}. */
  interface SandboxLogReader {
    void onLine(String line);

    void onEnd(Optional<SandboxException> why);
  }
}
