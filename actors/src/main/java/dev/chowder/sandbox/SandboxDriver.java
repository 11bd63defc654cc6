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
 * <p>Every call blocks and is idempotent: called again after a crash, it leads to the same outcome
 * as once. Calls are interruptible; what an interrupted call left behind is found by {@link
 * #remove}. All calls throw {@link SandboxException} and nothing else.
 *
 * <p>A call can also come late, from a node that was paused and is not the instance's any more. So
 * each process is labelled with its attempt and each home with its generation, and a call that
 * ends, replaces, overwrites or removes something says which it means ({@link Fence}).
 */
public interface SandboxDriver extends AutoCloseable {
  /**
   * Makes the home directory from the snapshot; one of the same generation that is there already is
   * left as it is, and one of another generation too: {@link
   * SandboxException.Reason#HOME_REPLACED}.
   */
  void create(SandboxSpec spec);

  /**
   * Runs one command to its end, in a container of its own, after the former task or main process
   * of this sandbox was removed. While one of a later attempt runs nothing is removed: {@link
   * SandboxException.Reason#REFUSED}.
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
   * Ends the main process: SIGTERM, then SIGKILL when {@code grace} is over. The home directory
   * stays. Nothing to stop: no-op. One of a later attempt that runs is not ended: {@link
   * SandboxException.Reason#REFUSED}.
   */
  StopResult stop(SandboxId id, int attempt, Duration grace);

  /**
   * Ends and removes the processes of this attempt and of those before it; the home directory
   * stays.
   */
  void removeProcesses(SandboxId id, int attempt);

  /**
   * Removes what is within the fence, whatever state it is in: the home of that generation, and the
   * processes that used it. A home that a process of a later attempt uses stays. Nothing there:
   * no-op.
   *
   * @return whether nothing of the sandbox is left
   */
  boolean remove(SandboxId id, Fence fence);

  /** What is there now. Throws when the engine cannot be asked: never guesses. */
  SandboxObservation observe(SandboxId id);

  /**
   * How the main process ended that is there and does not run. Where the engine does not remember
   * its end, it restarted since, or so much happened since that it forgot: {@link
   * Ending#WITH_ENGINE}. So it is where there is no such process.
   */
  Ending howEnded(SandboxId id);

  /**
   * Where a port of the main process that is not published is reached from Chowder's machine, and
   * from no other; empty where none runs. Whether anything listens there is not looked at.
   */
  Optional<SandboxEndpoint> unpublished(SandboxId id, int port);

  /**
   * Everything of this installation that is there now, also what nobody remembers. Inspects no
   * sandbox, so that one that hangs costs nothing: how a process ended is not in it ({@link
   * SandboxObservation.MainProcess.Ended#NOT_INSPECTED}).
   */
  List<SandboxObservation> list();

  /**
   * Writes files into the home directory, each atomically, owned by the sandbox's user; works
   * whether a process runs or not. While a main process of a later attempt runs nothing is written:
   * {@link SandboxException.Reason#REFUSED}.
   */
  void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files);

  /** Reads one file, at most {@code maxBytes}; empty when it is not there. */
  Optional<ByteString> readFile(SandboxId id, String path, long maxBytes);

  /**
   * Measures what a home directory takes of the host's disk, also in folders that its user closed.
   * Stops when it has counted more than {@code most} of either; empty when there is no home, or it
   * takes too long to measure.
   */
  Optional<HomeUsage> measureHome(SandboxId id, HomeUsage most);

  /**
   * What a home directory takes.
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
  AutoCloseable notices(Consumer<SandboxNotice> onNotice);

  /** What the host has left. */
  HostCapacity capacity();

  /** The address under which sandboxes reach the machine that Chowder runs on. */
  String hostAddressFromSandbox();

  /**
   * Lets sandboxes reach exactly these ports of the host from now on; connections through one that
   * is not among them any more are closed. Where the host cannot be changed yet, as while its
   * engine does not answer, this returns, and it is done as soon as it can be.
   */
  void openHostPorts(Set<Integer> ports);

  /**
   * Returns why sandboxes can reach this host, each other or private networks; empty if the last
   * check found the rules against that in place. Does not block.
   */
  Optional<String> isolationFailure();

  @Override
  void close();

  /**
   * What to make.
   *
   * @param generation which of the sandbox's homes it is; 0 is that of homes without a label
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
    /** By itself, or killed by something else than a stop of the engine's. */
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
  record SandboxNotice(SandboxId id, String what) {}

  /** Receives log lines, then exactly one {@link #onEnd}. */
  interface SandboxLogReader {
    void onLine(String line);

    void onEnd(Optional<SandboxException> why);
  }
}
