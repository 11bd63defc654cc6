package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The boundary to whatever runs sandboxes. A sandbox is a home directory that outlives its
 * processes, and at most one process at a time that uses it: a task that ends by itself, or the
 * long-running main process.
 *
 * <p>Every call blocks and is idempotent: repeated after a crash, it has the same outcome. Calls
 * are interruptible; {@link #remove} finds what an interrupted call left behind. All calls throw
 * {@link SandboxException} and nothing else.
 *
 * <p>A call can also come late, from a node that was paused and no longer hosts the instance. So
 * each process is labelled with its attempt and each home with its generation, and a call that
 * stops, replaces, overwrites or removes something names the ones it means ({@link Fence}).
 */
public interface SandboxDriver extends AutoCloseable {
  /**
   * Creates the home directory from the snapshot. An existing one stays as it is; if it has another
   * generation, the call fails with {@link SandboxException.Reason#HOME_REPLACED}.
   */
  void create(SandboxSpec spec);

  /**
   * Runs one command to its end, in a container of its own, after the previous task or main process
   * of this sandbox was removed. While one of a later attempt runs, nothing is removed and the call
   * fails with {@link SandboxException.Reason#REFUSED}.
   *
   * @param limit how long it may take; beyond it the task is killed and {@link
   *     SandboxException.Reason#TIMED_OUT} thrown
   */
  TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit);

  /**
   * Runs one command to its end beside the main process, in the same container; {@link
   * SandboxException.Reason#NOT_FOUND} where none runs. What it changes in the home stays.
   *
   * @param limit how long it may take, in whole seconds; beyond it the command is killed and {@link
   *     SandboxException.Reason#TIMED_OUT} thrown
   * @return {@code output} is the tail of stdout alone
   */
  TaskResult exec(SandboxId id, List<String> command, Duration limit);

  /**
   * Starts the main process and returns where it answers, without waiting until it does. A main
   * process of the same attempt that runs already is kept; a former one that ended is started
   * again, or made anew when it is gone or its spec differs. One of a later attempt that runs is
   * not replaced: {@link SandboxException.Reason#REFUSED}.
   */
  SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process);

  /**
   * Stops the main process: SIGTERM, then SIGKILL when {@code grace} is over. The home directory
   * stays. Does nothing if no process runs. While one of a later attempt runs, the call fails with
   * {@link SandboxException.Reason#REFUSED}.
   */
  StopResult stop(SandboxId id, int attempt, Duration grace);

  /**
   * Stops and removes the processes of this attempt and of earlier ones; the home directory stays.
   */
  void removeProcesses(SandboxId id, int attempt);

  /**
   * Removes everything within the fence, in whatever state: the home of that generation, and the
   * processes that used it. A home that a process of a later attempt uses stays. Does nothing if
   * nothing exists.
   *
   * @return whether nothing of the sandbox is left
   */
  boolean remove(SandboxId id, Fence fence);

  /** What is there now. Throws when the engine cannot be asked: never guesses. */
  SandboxObservation observe(SandboxId id);

  /**
   * Returns how an existing main process that does not run ended. {@link Ending#WITH_ENGINE} if the
   * engine does not remember its end, because it restarted since or too many events followed, and
   * if there is no such process.
   */
  Ending howEnded(SandboxId id);

  /**
   * Where a port of the main process that is not published is reached from Chowder's machine, and
   * from no other; empty where none runs. Whether anything listens there is not looked at.
   */
  Optional<SandboxEndpoint> unpublished(SandboxId id, int port);

  /**
   * Lists all sandboxes of this installation, including those that no journal knows. Inspects none,
   * so that one that hangs does not delay it. The list therefore does not show how a process ended
   * ({@link SandboxObservation.MainProcess.Ended#NOT_INSPECTED}).
   */
  List<SandboxObservation> list();

  /**
   * Writes files into the home directory, each atomically, owned by the sandbox's user; works
   * whether a process runs or not. While a main process of a later attempt runs, nothing is written
   * and the call fails with {@link SandboxException.Reason#REFUSED}.
   */
  void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files);

  /** Reads one file, at most {@code maxBytes}; empty when it is not there. */
  Optional<ByteString> readFile(SandboxId id, String path, long maxBytes);

  /**
   * Measures how much of the host's disk a home directory takes, including folders that its user
   * made unreadable. Stops when it has counted more than {@code most} of either. Empty if there is
   * no home, or if measuring takes too long.
   */
  Optional<HomeUsage> measureHome(SandboxId id, HomeUsage most);

  /**
   * The size of a home directory.
   *
   * @param bytes of its files' blocks
   * @param files and folders
   */
  record HomeUsage(long bytes, long files) {
    /** Whether it is more than {@code limit} in either respect. */
    public boolean exceeds(HomeUsage limit) {
      return bytes > limit.bytes() || files > limit.files();
    }
  }

  /**
   * The files below a folder of the home, for callers who may see that folder and nothing else; it
   * is made where it is not there. {@link #writeFiles} and {@link #readFile} are for Chowder's own.
   */
  SandboxFiles files(SandboxId id, FilePath folder);

  /**
   * Sends the main process's last {@code lines} output lines, and with {@code follow} goes on until
   * the process ends or the returned handle is closed. Lines arrive on a thread of the driver's; a
   * slow {@code onLine} slows the source, not the heap.
   */
  AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader);

  /**
   * Tells of processes that ended or were removed, until closed. A hint only: some may be missed,
   * {@link #observe} is the truth.
   */
  AutoCloseable events(Consumer<SandboxEvent> onEvent);

  /** What the host has left. */
  HostCapacity capacity();

  /** The address under which sandboxes reach the machine that Chowder runs on. */
  String hostAddressFromSandbox();

  /**
   * Lets sandboxes reach exactly these ports of the host from now on; connections through other
   * ports are closed. If the host cannot be changed yet, for example because its engine does not
   * answer, this returns, and the change follows as soon as possible.
   */
  void openHostPorts(Set<Integer> ports);

  /**
   * Returns why sandboxes may reach this host, each other or private networks; empty if the last
   * check found the rules against that in place. Does not block.
   */
  Optional<String> isolationFailure();

  @Override
  void close();

  /**
   * The sandbox to create.
   *
   * @param generation of its home; 0 for homes without a label
   */
  record SandboxSpec(SandboxId id, String organizationId, String snapshot, int generation) {}

  /**
   * A command that ends by itself. {@code files} are written before it starts, paths relative to
   * the home directory.
   */
  record TaskSpec(
      String snapshot, String organizationId, List<String> command, List<SandboxFile> files) {}

  /**
   * The main process. Its port is published on an address that only the host reaches. Environment
   * never holds a secret.
   */
  record ProcessSpec(
      String snapshot,
      String organizationId,
      List<String> command,
      Map<String, String> environment,
      int port) {}

  /** How a task ended; {@code output} is the tail of stdout and stderr, at most 16 KiB. */
  record TaskResult(int exitCode, boolean outOfMemory, String output) {}

  /** How a main process ended. */
  enum Ending {
    /** It ended by itself, or was killed by something other than a stop by the engine. */
    BY_ITSELF,
    /** The engine was asked to stop it, or to end it by SIGTERM. */
    STOPPED,
    /** The engine ended or restarted, or the host did. */
    WITH_ENGINE
  }

  /** How a stop went. */
  record StopResult(boolean wasRunning, boolean killed, int exitCode) {}

  /** A file in a home directory: path relative to it, content, permission bits such as 0600. */
  record SandboxFile(String path, ByteString content, int mode) {}

  /** Where a main process answers, as seen from Chowder. */
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
   * What the host has left; {@code availableBytes} is what a new process could use without
   * swapping.
   */
  record HostCapacity(long totalBytes, long availableBytes) {}

  /** A sandbox's main process ended or vanished. */
  record SandboxEvent(SandboxId id, String what) {}

  /** Receives log lines, then exactly one {@link #onEnd}. */
  interface SandboxLogReader {
    void onLine(String line);

    void onEnd(Optional<SandboxException> why);
  }
}
