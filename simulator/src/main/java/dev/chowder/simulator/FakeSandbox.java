package dev.chowder.simulator;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.base.FileTree;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * Simulates one sandbox. Its directory contains the home and a record of the main process, so a
 * process "runs" even after the server is killed. Guarded by itself.
 */
final class FakeSandbox {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** The file with the generation, in place of a volume's label. */
  private static final String GENERATION = "generation";

  /** A main process. It has ended if it has an exit code. */
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
      @Nullable Ending ending) {
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
          attempt, organizationId, command, spec, host, code, memory, false, false, how);
    }

    SimulatedProcess running(boolean frozen, boolean swapped) {
      return new SimulatedProcess(
          attempt, organizationId, command, spec, host, null, false, frozen, swapped, null);
    }

    boolean runs() {
      return exitCode == null;
    }
  }

  private final SandboxId id;
  private final Path directory;
  private final FakeSessions sessions = new FakeSessions();
  private final FakeSkills skills;
  private final FakeChannels channels = new FakeChannels();
  private @Nullable SimulatedProcess process;
  private FakeLog log = new FakeLog();
  private FakeAdmission admission = new FakeAdmission();
  private long readyAt = System.nanoTime();
  private int usesLeft = Integer.MAX_VALUE;
  private @Nullable CountDownLatch task;
  private boolean removed;

  private volatile int generation;

  private FakeSandbox(SandboxId id, Path directory, int generation) {
    this.id = id;
    this.directory = directory;
    this.generation = generation;
    this.skills = new FakeSkills(home());
  }

  /**
   * Creates a sandbox.
   *
   * @param fromImage files of the image's home
   */
  static FakeSandbox create(
      SandboxId id, Path directory, int generation, List<SandboxFile> fromImage)
      throws IOException {
    // Atomically, because other nodes that share the directory may read it at any moment.
    Path staged = directory.resolveSibling(".made-" + id + "-" + System.nanoTime());
    FakeHome.write(Files.createDirectories(staged.resolve("home")), fromImage);
    if (generation > 0) Files.writeString(staged.resolve(GENERATION), Integer.toString(generation));
    try {
      Files.move(staged, directory, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException there) {
      FileTree.remove(staged);
      if (!Files.isDirectory(directory)) throw there;
    }
    return new FakeSandbox(id, directory, generationOf(directory));
  }

  /**
   * Returns the generation; 0 if the home was created before generations existed, as for a volume
   * without a label.
   */
  private static int generationOf(Path directory) throws IOException {
    try {
      return Integer.parseInt(Files.readString(directory.resolve(GENERATION)));
    } catch (NoSuchFileException none) {
      return 0;
    }
  }

  /** Loads a sandbox of a previous server; empty if the directory is not a sandbox. */
  static Optional<FakeSandbox> load(Path directory) throws IOException {
    Path name = directory.getFileName();
    if (name == null || !name.toString().startsWith("sb-")) {
      return Optional.empty();
    }
    FakeSandbox sandbox =
        new FakeSandbox(new SandboxId(name.toString()), directory, generationOf(directory));
    sandbox.refresh();
    return Optional.of(sandbox);
  }

  /** Loads changes that another node made to the main process. */
  synchronized void refresh() throws IOException {
    SimulatedProcess written = readProcess();
    if (Objects.equals(written, process)) {
      return;
    }
    if (written == null || !written.runs()) {
      log.end();
    }
    process = written;
  }

  private @Nullable SimulatedProcess readProcess() throws IOException {
    try {
      return JSON.readValue(
          Files.readAllBytes(directory.resolve("process.json")), SimulatedProcess.class);
    } catch (NoSuchFileException none) {
      return null;
    }
  }

  SandboxId id() {
    return id;
  }

  int generation() {
    return generation;
  }

  /** Changes the generation of the home; 0 removes it, as a copy of a volume may lose its label. */
  synchronized void relabel(int newGeneration) throws IOException {
    var label = directory.resolve(GENERATION);
    if (newGeneration == 0) Files.deleteIfExists(label);
    else Files.writeString(label, Integer.toString(newGeneration));
    generation = newGeneration;
  }

  /** Returns whether this home still exists, since another one may have replaced it. */
  boolean isCurrent() throws IOException {
    return generationOf(directory) == generation;
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

  synchronized boolean isRemoved() {
    return removed;
  }

  synchronized Optional<SimulatedProcess> process() {
    return Optional.ofNullable(process);
  }

  synchronized boolean isReady() {
    return System.nanoTime() - readyAt >= 0;
  }

  synchronized FakeAdmission admission() {
    return admission;
  }

  synchronized FakeLog log() {
    return log;
  }

  /** Starts a new process with its own log, or restarts the previous one. */
  synchronized void start(SimulatedProcess started, boolean restarted, long bootNanos) {
    process = started;
    if (restarted) {
      log.resume();
    } else {
      log.end();
      log = new FakeLog();
    }
    admission = new FakeAdmission();
    usesLeft = Integer.MAX_VALUE;
    readyAt = System.nanoTime() + bootNanos;
    save();
  }

  /** Ends the process by itself, and returns whether one ran. */
  synchronized boolean end(int exitCode, boolean outOfMemory) {
    return end(exitCode, outOfMemory, Ending.BY_ITSELF);
  }

  /** Ends the process, and returns whether one ran. */
  synchronized boolean end(int exitCode, boolean outOfMemory, Ending how) {
    SimulatedProcess running = process;
    if (running == null || !running.runs()) {
      return false;
    }
    process = running.ended(exitCode, outOfMemory, how);
    log.end();
    save();
    return true;
  }

  /** Freezes the process, and returns whether one ran that was not frozen. */
  synchronized boolean pause() {
    SimulatedProcess running = process;
    if (running == null || !running.runs() || running.paused()) {
      return false;
    }
    process = running.running(true, false);
    save();
    return true;
  }

  /** Lets a frozen process continue, and returns whether one was frozen. */
  synchronized boolean thaw() {
    SimulatedProcess frozen = process;
    if (frozen == null || !frozen.paused()) {
      return false;
    }
    process = frozen.running(false, false);
    save();
    return true;
  }

  /** Lets the process use its agents' databases so many times. */
  synchronized void limitUses(int uses) {
    usesLeft = uses;
  }

  /** Uses the databases of the agents, and returns whether that succeeded. */
  synchronized boolean useDatabases() {
    if (usesLeft == 0) return false;
    if (usesLeft < Integer.MAX_VALUE) usesLeft--;
    return true;
  }

  /** Moves the memory of a frozen process to swap. Does nothing if none is frozen. */
  synchronized void pageOut() {
    SimulatedProcess frozen = process;
    if (frozen != null && frozen.paused()) {
      process = frozen.running(true, true);
      save();
    }
  }

  /** Marks a task as running until the latch is counted down by its end or its removal. */
  synchronized CountDownLatch beginTask() {
    CountDownLatch begun = new CountDownLatch(1);
    task = begun;
    return begun;
  }

  synchronized boolean hasTask() {
    CountDownLatch begun = task;
    return begun != null && begun.getCount() > 0;
  }

  synchronized void removeProcesses() {
    CountDownLatch begun = task;
    if (begun != null) {
      begun.countDown();
    }
    log.end();
    process = null;
    save();
  }

  synchronized void remove() {
    removed = true;
    removeProcesses();
    try {
      if (Files.exists(directory)) {
        // Renamed first, so a server that is killed during the deletion leaves no partial sandbox.
        Path gone = directory.resolveSibling(".removed-" + id);
        Files.move(directory, gone, StandardCopyOption.ATOMIC_MOVE);
        FileTree.remove(gone);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  synchronized SandboxObservation observe(int port) {
    return new SandboxObservation(
        id, removed ? Optional.empty() : Optional.of(generation), describe(port));
  }

  private MainProcess describe(int port) {
    SimulatedProcess observed = process;
    if (observed == null) {
      return new MainProcess.Missing();
    }
    if (observed.paused()) {
      return new MainProcess.Paused(observed.attempt());
    }
    Integer exitCode = observed.exitCode();
    return exitCode == null
        ? new MainProcess.Up(observed.attempt(), new SandboxEndpoint(observed.host(), port))
        : new MainProcess.Ended(observed.attempt(), exitCode, observed.outOfMemory());
  }

  private void save() {
    Path file = directory.resolve("process.json");
    try {
      if (process == null) {
        Files.deleteIfExists(file);
      } else if (Files.exists(directory)) {
        Path written = directory.resolve("process.json.new");
        Files.write(written, JSON.writeValueAsBytes(process));
        Files.move(written, file, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
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
