package dev.chowder.sandbox;

import com.google.protobuf.ByteString;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Runs the sandboxes of one engine, which chooses their hosts itself. A sandbox is a home directory
 * that outlives its processes, and at most one process at a time that uses it. The process is a
 * task that ends by itself, or the long-running main process.
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
public interface SandboxEngine extends AutoCloseable {
  /**
   * Creates the home directory from the snapshot. An existing one stays as it is. If it has another
   * generation, the call fails with {@link SandboxException.Reason#HOME_REPLACED}.
   */
  void create(SandboxSpec spec);

  /**
   * Returns the reference of a sandbox of this engine, whether the sandbox exists or not. A restart
   * of the engine does not change it. An upgrade may do so, although the home directories stay.
   * Fails if the engine does not respond, unless a recent call got the engine's identity.
   */
  SandboxRef ref(SandboxId id);

  /**
   * Creates the main process, but does not start it. A later {@link #start} of the same
   * specification then starts this one, and until then {@link SandboxHomes} need no container of
   * their own. Does nothing if a main process exists. While one of a later attempt runs, the call
   * fails with {@link SandboxException.Reason#REFUSED}.
   *
   * <p>By default, does nothing: for an engine whose {@link #start} is as fast without it.
   */
  default void prepare(SandboxId id, Fence fence, ProcessSpec process) {}

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
   * Returns the processor time that the main process has used since its start. Empty if none runs,
   * or if the engine cannot tell at once.
   */
  Optional<Duration> processorTime(SandboxId id);

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
   * Returns the address of an unpublished port of the main process. Every node can reach it. Empty
   * if no main process runs. Does not check whether a process listens on the port.
   */
  Optional<SandboxEndpoint> endpoint(SandboxId id, int port);

  /**
   * Lists all sandboxes of this installation, including those without a journal entry. Inspects no
   * container, so a container that hangs does not delay it. The list therefore does not show how a
   * process ended ({@link SandboxObservation.MainProcess.Ended#NOT_INSPECTED}).
   */
  List<SandboxObservation> list();

  /**
   * Sends the main process's last {@code lines} output lines. With {@code follow}, continues until
   * the process ends or the returned handle is closed. Lines arrive on a thread of the engine. A
   * slow {@code onLine} slows the source and does not fill the heap.
   */
  AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader);

  /**
   * Reports processes that ended or were removed, until the handle is closed. Some events may be
   * missed; only {@link #observe} is authoritative.
   */
  AutoCloseable watch(Consumer<SandboxEvent> onEvent);

  /**
   * Returns how often the engine may have restarted while this object exists. An endpoint that was
   * read before the last change may belong to another process now. 0 if restarts of the engine
   * change no endpoint.
   */
  default int restarts() {
    return 0;
  }

  /** Returns the tasks of this engine's sandboxes. */
  SandboxTasks tasks();

  /** Returns the home directories of this engine's sandboxes. */
  SandboxHomes homes();

  /** Returns the host that this engine shares with Chowder; {@link SandboxHost#NONE} by default. */
  default SandboxHost host() {
    return SandboxHost.NONE;
  }

  /**
   * Lets the engine separate sandboxes in ways that nodes of earlier versions do not know. The
   * engine computes everything that other sandboxes can see of a sandbox, such as the name of its
   * container, from its id and this key. Without a key they may see the id. Each sandbox has a user
   * of its own. Sandboxes that exist keep their names and users until their next boot.
   *
   * <p>By default, does nothing: for an engine whose sandboxes share nothing.
   *
   * @param allowed returns whether all nodes of the cluster know these names and users
   */
  default void separate(ByteString key, BooleanSupplier allowed) {}

  @Override
  void close();
}
