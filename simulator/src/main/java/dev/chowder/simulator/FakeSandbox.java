package dev.chowder.simulator;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.chowder.base.FileTree;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Simulates one sandbox. In a folder that outlives its engine, the sandbox's directory contains the
 * home, the main process and what its gateway remembers. So a process "runs" also after its node
 * was killed, and the other nodes of the folder see the same one. Guarded by itself.
 */
final class FakeSandbox {
  /** Time between two checks whether another process removed a task. */
  private static final long CHECK_MILLIS = 50;

  /**
   * A main process. It has ended if it has an exit code. Each start gets another host.
   *
   * @param readyAt when {@code /readyz} returns 200, by the monotonic clock, which all processes of
   *     a machine share; a test may set the wall clock of one
   */
  record SimulatedProcess(
      int attempt,
      String organizationId,
      List<String> command,
      String spec,
      String host,
      @Nullable Integer exitCode,
      boolean outOfMemory,
      boolean paused,
      boolean pagedOut,
      @Nullable Ending ending,
      long readyAt) {
    /** Returns a text that changes if the process would differ. */
    static String spec(int attempt, ProcessSpec process) {
      return attempt
          + " "
          + process.snapshot()
          + process.command()
          + new TreeMap<>(process.environment())
          + process.port()
          + process.resources();
    }

    SimulatedProcess ended(int code, boolean memory, Ending how) {
      return new SimulatedProcess(
          attempt, organizationId, command, spec, host, code, memory, false, false, how, readyAt);
    }

    SimulatedProcess running(boolean frozen, boolean swapped) {
      return new SimulatedProcess(
          attempt,
          organizationId,
          command,
          spec,
          host,
          null,
          false,
          frozen,
          swapped,
          null,
          readyAt);
    }

    boolean runs() {
      return exitCode == null;
    }
  }

  private final SandboxId id;
  private final Path directory;
  private final StateFile<Integer> generation;
  private final StateFile<SimulatedProcess> process;
  private final StateFile<FakeAdmission.Lease> lease;
  private final StateFile<String> task;
  private final FakeSessions sessions;
  private final FakeSkills skills;
  private final FakeChannels channels;
  private final FakeLog log;
  private Gateway gateway;
  private boolean removed;

  /** State that ends with one start of the main process, or with the process that serves it. */
  private final class Gateway {
    private final String host;
    private final FakeAdmission admission = new FakeAdmission(lease);
    private int usesLeft = Integer.MAX_VALUE;

    Gateway(String host) {
      this.host = host;
    }
  }

  private FakeSandbox(SandboxId id, Path directory, boolean isShared) {
    this.id = id;
    this.directory = directory;
    this.generation = state("generation", isShared, new TypeReference<>() {});
    this.process = state("process.json", isShared, new TypeReference<>() {});
    this.lease = state("suspension.json", isShared, new TypeReference<>() {});
    this.task = state("task.json", isShared, new TypeReference<>() {});
    this.sessions = new FakeSessions(file("sessions.json", isShared));
    this.channels = new FakeChannels(file("channels.json", isShared));
    this.skills = new FakeSkills(home());
    this.log = new FakeLog(directory.resolve("log"));
    this.gateway = new Gateway("");
  }

  private Optional<Path> file(String name, boolean isShared) {
    return isShared ? Optional.of(directory.resolve(name)) : Optional.empty();
  }

  private <T> StateFile<T> state(String name, boolean isShared, TypeReference<T> type) {
    return new StateFile<>(file(name, isShared), type);
  }

  /**
   * Creates a sandbox.
   *
   * @param isShared whether other processes use the directory, or later ones
   * @param fromImage files of the image's home
   */
  static FakeSandbox create(
      SandboxId id, Path directory, boolean isShared, int generation, List<SandboxFile> fromImage)
      throws IOException {
    // Atomically, because other nodes that share the directory may read it at any moment.
    Path staged = directory.resolveSibling(".made-" + id + "-" + System.nanoTime());
    FakeHome.write(Files.createDirectories(staged.resolve("home")), fromImage);
    if (isShared && generation > 0) {
      Files.writeString(staged.resolve("generation"), Integer.toString(generation));
    }
    try {
      Files.move(staged, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException there) {
      FileTree.remove(staged);
      if (!Files.isDirectory(directory)) throw there;
    }
    var created = new FakeSandbox(id, directory, isShared);
    if (isShared) created.refresh();
    else created.relabel(generation);
    return created;
  }

  /** Loads a sandbox of a shared directory; empty if the directory is not a sandbox. */
  static Optional<FakeSandbox> load(Path directory) {
    Path name = directory.getFileName();
    if (name == null || !name.toString().startsWith("sb-")) {
      return Optional.empty();
    }
    var sandbox = new FakeSandbox(new SandboxId(name.toString()), directory, true);
    sandbox.refresh();
    return Optional.of(sandbox);
  }

  /** Loads what another process changed. */
  synchronized void refresh() {
    var _ = generation.read();
    var _ = process.read();
  }

  SandboxId id() {
    return id;
  }

  /**
   * Returns the generation; 0 if the home was created before generations existed, as for a volume
   * without a label.
   */
  int generation() {
    return generation.get().orElse(0);
  }

  /** Changes the generation of the home; 0 removes it, as a copy of a volume may lose its label. */
  synchronized void relabel(int newGeneration) {
    if (newGeneration == 0) generation.clear();
    else generation.write(newGeneration);
  }

  Path home() {
    return directory.resolve("home");
  }

  FakeSessions sessions() {
    return sessions;
  }

  FakeSkills skills() {
    return skills;
  }

  FakeChannels channels() {
    return channels;
  }

  Optional<SimulatedProcess> process() {
    return process.get();
  }

  private Optional<SimulatedProcess> runningProcess() {
    return process.get().filter(SimulatedProcess::runs);
  }

  /**
   * Returns whether the gateway has booted.
   *
   * @param bootNanos how long that takes; after a reboot, the recorded time may be later
   */
  boolean isReady(long bootNanos) {
    long left = process.get().map(SimulatedProcess::readyAt).orElse(0L) - System.nanoTime();
    return left <= 0 || left > bootNanos;
  }

  FakeAdmission admission() {
    return gateway().admission;
  }

  private synchronized Gateway gateway() {
    var host = process.get().map(SimulatedProcess::host).orElse("");
    if (!gateway.host.equals(host)) gateway = new Gateway(host);
    return gateway;
  }

  FakeLog log() {
    return log;
  }

  /** Reads the log of the main process until it ends. */
  AutoCloseable readLog(int lines, boolean follow, SandboxLogReader reader) {
    var host = process.get().map(SimulatedProcess::host);
    return log.read(
        lines,
        follow,
        reader,
        () ->
            !process
                .read()
                .filter(SimulatedProcess::runs)
                .map(SimulatedProcess::host)
                .equals(host));
  }

  /** Starts a new process with its own log, or restarts the previous one. */
  synchronized void start(SimulatedProcess started, boolean restarted) {
    if (!restarted) log.clear();
    lease.clear();
    process.write(started);
    log.wake();
  }

  /** Ends the process by itself, and returns whether one ran. */
  synchronized boolean end(int exitCode, boolean outOfMemory) {
    return end(exitCode, outOfMemory, Ending.BY_ITSELF);
  }

  /** Ends the process, and returns whether one ran. */
  synchronized boolean end(int exitCode, boolean outOfMemory, Ending how) {
    var running = runningProcess();
    running.ifPresent(found -> process.write(found.ended(exitCode, outOfMemory, how)));
    log.wake();
    return running.isPresent();
  }

  /** Freezes the process, and returns whether one ran that was not frozen. */
  synchronized boolean pause() {
    var running = runningProcess().filter(found -> !found.paused());
    running.ifPresent(found -> process.write(found.running(true, false)));
    return running.isPresent();
  }

  /** Lets a frozen process continue, and returns whether one was frozen. */
  synchronized boolean thaw() {
    var frozen = process.get().filter(SimulatedProcess::paused);
    frozen.ifPresent(found -> process.write(found.running(false, false)));
    return frozen.isPresent();
  }

  /** Lets the process use its agents' databases so many times. */
  synchronized void limitUses(int uses) {
    gateway().usesLeft = uses;
  }

  /** Uses the databases of the agents, and returns whether that succeeded. */
  synchronized boolean useDatabases() {
    var used = gateway();
    if (used.usesLeft == 0) return false;
    if (used.usesLeft < Integer.MAX_VALUE) used.usesLeft--;
    return true;
  }

  /** Moves the memory of a frozen process to swap. Does nothing if none is frozen. */
  synchronized void pageOut() {
    process
        .get()
        .filter(SimulatedProcess::paused)
        .ifPresent(frozen -> process.write(frozen.running(true, true)));
  }

  /** Runs a task for this time, and returns false if the task is removed meanwhile. */
  synchronized boolean runTask(Duration time) throws InterruptedException {
    if (!time.isPositive()) return !removed;
    var name = UUID.randomUUID().toString();
    task.write(name);
    long end = System.nanoTime() + time.toNanos();
    try {
      for (long left = time.toNanos(); left > 0; left = end - System.nanoTime()) {
        wait(Math.min(CHECK_MILLIS, 1 + Duration.ofNanos(left).toMillis()));
        if (!isTask(name)) return false;
      }
      return true;
    } finally {
      if (isTask(name)) task.clear();
    }
  }

  private boolean isTask(String name) {
    return task.read().filter(name::equals).isPresent();
  }

  boolean hasTask() {
    return task.read().isPresent();
  }

  synchronized void removeProcesses() {
    task.clear();
    notifyAll();
    process.clear();
    log.wake();
  }

  synchronized void remove() {
    removed = true;
    removeProcesses();
    try {
      if (Files.exists(directory)) {
        // Renamed first, so a server that is killed during the deletion leaves no partial sandbox.
        Path gone = directory.resolveSibling(".removed-" + id + "-" + System.nanoTime());
        Files.move(directory, gone, StandardCopyOption.ATOMIC_MOVE);
        FileTree.remove(gone);
      }
    } catch (NoSuchFileException removedMeanwhile) {
      // Another node did the same.
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  synchronized SandboxObservation observe(int port) {
    return new SandboxObservation(
        id, removed ? Optional.empty() : Optional.of(generation()), describe(port));
  }

  private MainProcess describe(int port) {
    var found = process.get();
    if (found.isEmpty()) {
      return new MainProcess.Missing();
    }
    var observed = found.get();
    if (observed.paused()) {
      return new MainProcess.Paused(observed.attempt());
    }
    Integer exitCode = observed.exitCode();
    return exitCode == null
        ? new MainProcess.Up(observed.attempt(), new SandboxEndpoint(observed.host(), port))
        : new MainProcess.Ended(observed.attempt(), exitCode, observed.outOfMemory());
  }

  /** Returns the attempt of the main process in any state; 0 if there is none. */
  int attempt() {
    return process().map(SimulatedProcess::attempt).orElse(0);
  }

  /** Fails if a process of a later attempt runs. */
  void requireNotLater(int attempt) {
    process()
        .filter(SimulatedProcess::runs)
        .ifPresent(running -> Fence.requireNotBefore(running.attempt(), attempt));
  }
}
