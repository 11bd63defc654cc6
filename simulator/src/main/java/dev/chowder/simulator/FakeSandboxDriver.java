package dev.chowder.simulator;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFiles;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.simulator.FakeSandbox.SimulatedProcess;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Simulates sandboxes without containers and with little memory. Fulfils the same contract as a
 * real driver, with the delays and faults that its {@link FakeScript} requests.
 */
public final class FakeSandboxDriver implements SandboxDriver {
  private static final int KILLED = 137;

  private final FakeSandboxSettings settings;
  private final FakeScript script;
  private final FakeHost host;
  private final FakeGateway gateway;
  private final List<Consumer<SandboxEvent>> listeners = new CopyOnWriteArrayList<>();
  private volatile Set<Integer> openHostPorts = Set.of();
  private volatile Optional<String> isolationFailure = Optional.empty();

  public FakeSandboxDriver(FakeSandboxSettings settings) {
    this(settings, new FakeScript());
  }

  public FakeSandboxDriver(FakeSandboxSettings settings, FakeScript script) {
    this.settings = settings;
    this.script = script;
    try {
      this.host = new FakeHost(settings.directory());
      this.gateway = new FakeGateway(host, settings, script);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the script, which a test can change while the driver is in use. */
  public FakeScript script() {
    return script;
  }

  /** Ends a main process as a crash does. */
  public void kill(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              if (sandbox.end(KILLED, false)) {
                notifyListeners(id, "die with exit code " + KILLED);
              }
            });
  }

  /** Ends a main process as if it had printed this line and exited by itself. */
  public void crash(SandboxId id, int exitCode, String lastLine) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              sandbox.log().add(lastLine);
              if (sandbox.end(exitCode, false)) {
                notifyListeners(id, "die with exit code " + exitCode);
              }
            });
  }

  /** Ends a main process as an engine does at the memory limit. */
  public void killForMemory(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              if (sandbox.end(KILLED, true)) {
                notifyListeners(id, "oom");
              }
            });
  }

  /** Ends all main processes, as a restart of the engine does. */
  public void restartEngine() {
    for (FakeSandbox sandbox : host.all()) {
      if (sandbox.end(0, false, Ending.WITH_ENGINE)) {
        notifyListeners(sandbox.id(), "found after the engine was reachable again");
      }
    }
  }

  /** Freezes a main process without a call to the driver. */
  public void pause(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              if (sandbox.pause()) {
                notifyListeners(id, "pause");
              }
            });
  }

  /** Makes the gateway's suspension expire, as it does after two minutes. */
  public void expireSuspension(SandboxId id) {
    host.find(id).ifPresent(sandbox -> sandbox.admission().expire());
  }

  /** Removes the processes without a call to the driver. */
  public void removeContainers(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              sandbox.removeProcesses();
              notifyListeners(id, "destroy");
            });
  }

  /** Removes the home and the processes without a call to the driver. */
  public void lose(SandboxId id) {
    host.remove(id, Fence.NONE);
    notifyListeners(id, "destroy");
  }

  /** Returns whether a task of this sandbox is running. */
  public boolean hasTask(SandboxId id) {
    return host.find(id).map(FakeSandbox::hasTask).orElse(false);
  }

  @Override
  public void create(SandboxSpec spec) {
    script.apply(Verb.CREATE, Optional.of(spec.id()));
    requireSnapshot(spec.snapshot());
    List<SandboxFile> fromImage = script.hasSkeleton() ? FakeOpenClaw.imageFiles() : List.of();
    FakeSandbox sandbox = host.create(spec.id(), spec.generation(), fromImage);
    new Fence(0, spec.generation()).requireHome(spec.id(), Optional.of(sandbox.generation()));
  }

  @Override
  public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
    script.apply(Verb.RUN, Optional.of(id));
    requireSnapshot(task.snapshot());
    FakeSandbox sandbox = require(id, fence);
    requireNotLater(sandbox, fence.attempt());
    sandbox.removeProcesses();
    FakeHome.write(sandbox.home(), task.files());
    FakeCommand command = FakeCommand.parse(task.command());
    CountDownLatch over = sandbox.beginTask();
    try {
      Duration needed = command.hangs() ? limit : settings.taskTime();
      boolean removed =
          over.await(Math.min(needed.toMillis(), limit.toMillis()), TimeUnit.MILLISECONDS);
      if (removed || sandbox.isRemoved()) {
        throw new SandboxException(
            Reason.NOT_FOUND, cannot("run the task", "its container was removed while it ran"));
      }
      if (needed.compareTo(limit) >= 0) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            cannot(
                "run the task",
                "it did not end within " + limit.toMillis() + " ms and was killed"));
      }
    } catch (InterruptedException stop) {
      throw FakeScript.interrupted(Verb.RUN, stop);
    } finally {
      over.countDown();
    }
    if (command.onboards()) {
      FakeOpenClaw.onboard(sandbox.home());
    }
    String output = command.prints().isEmpty() ? "" : String.join("\n", command.prints()) + "\n";
    return new TaskResult(command.exitCode(), command.outOfMemory(), output);
  }

  @Override
  public TaskResult exec(SandboxId id, List<String> command, Duration limit) {
    script.apply(Verb.EXEC, Optional.of(id));
    FakeSandbox sandbox =
        running(id)
            .orElseThrow(
                () ->
                    new SandboxException(
                        Reason.NOT_FOUND,
                        cannot("run the command in " + id, "its main process does not run")));
    FakeCommand simulated = FakeCommand.parse(command);
    if (simulated.hangs()) {
      FakeScript.pause(Verb.EXEC, limit);
      throw new SandboxException(
          Reason.TIMED_OUT,
          cannot(
              "run the command",
              "it did not end within " + limit.toMillis() + " ms and was killed"));
    }
    Optional<TaskResult> scripted = script.nextResult();
    if (scripted.isPresent()) return scripted.get();
    if (command.stream().anyMatch(word -> word.contains("channel_pairing_requests"))) {
      return new TaskResult(0, false, sandbox.channels().codes(command.getLast()));
    }
    String output =
        simulated.prints().isEmpty() ? "" : String.join("\n", simulated.prints()) + "\n";
    return new TaskResult(simulated.exitCode(), false, output);
  }

  /** Simulates a sender's first message to an agent in a channel, and returns the pairing code. */
  public String requestPairing(SandboxId id, String channel, String sender, String name) {
    return require(id).channels().requestPairing(channel, sender, name);
  }

  /** Returns whether the sender's pairing is approved. */
  public boolean isApproved(SandboxId id, String channel, String sender) {
    return require(id).channels().isApproved(channel, sender);
  }

  /** Simulates the scan of the QR code that a channel shows. */
  public void scan(SandboxId id, String channel) {
    require(id).channels().scan(channel);
  }

  /** Only checks its arguments: a start of this driver creates its process in no time. */
  @Override
  public void prepare(SandboxId id, Fence fence, ProcessSpec process) {
    script.apply(Verb.PREPARE, Optional.of(id));
    requireSnapshot(process.snapshot());
    requireNotLater(require(id, fence), fence.attempt());
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    script.apply(Verb.START, Optional.of(id));
    requireSnapshot(process.snapshot());
    FakeSandbox sandbox = require(id, fence);
    int attempt = fence.attempt();
    String spec = spec(attempt, process);
    Optional<SimulatedProcess> previous = sandbox.process().filter(p -> p.spec().equals(spec));
    requireNotLater(sandbox, attempt);
    if (previous.isPresent() && previous.get().runs() && !previous.get().paused()) {
      return new SandboxEndpoint(previous.get().host(), gateway.port());
    }
    FakeCommand command = FakeCommand.parse(process.command());
    String address = host.nextAddress();
    sandbox.start(
        new SimulatedProcess(
            attempt,
            process.organizationId(),
            process.command(),
            spec,
            address,
            null,
            false,
            false,
            false,
            null),
        previous.isPresent(),
        settings.bootTime().toNanos());
    host.started(id, address);
    command.prints().forEach(sandbox.log()::add);
    if (command.outOfMemory()) {
      sandbox.end(KILLED, true);
      notifyListeners(id, "die with exit code " + KILLED);
    }
    return new SandboxEndpoint(address, gateway.port());
  }

  /** Returns a text that changes if the process would differ. */
  private static String spec(int attempt, ProcessSpec process) {
    return attempt
        + " "
        + process.snapshot()
        + process.command()
        + new TreeMap<>(process.environment())
        + process.port();
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    script.apply(Verb.STOP, Optional.of(id));
    Optional<FakeSandbox> sandbox = host.find(id);
    sandbox.ifPresent(found -> requireNotLater(found, attempt));
    Optional<SimulatedProcess> process = sandbox.flatMap(FakeSandbox::process);
    if (process.isEmpty() || !process.get().runs()) {
      Integer exitCode = process.map(SimulatedProcess::exitCode).orElse(0);
      return new StopResult(false, false, exitCode);
    }
    boolean killed = grace.isZero() || FakeCommand.parse(process.get().command()).ignoresSigterm();
    if (killed) {
      FakeScript.pause(Verb.STOP, grace);
    }
    int exitCode = killed ? KILLED : 0;
    boolean ended = sandbox.get().end(exitCode, false, Ending.STOPPED);
    if (ended) {
      host.recount();
      notifyListeners(id, "die with exit code " + exitCode);
    }
    return new StopResult(ended, killed, exitCode);
  }

  @Override
  public int freeze(SandboxId id, int attempt) {
    script.apply(Verb.FREEZE, Optional.of(id));
    FakeSandbox sandbox =
        running(id)
            .orElseThrow(
                () ->
                    new SandboxException(
                        Reason.NOT_FOUND, cannot("freeze " + id, "its main process does not run")));
    requireNotLater(sandbox, attempt);
    if (sandbox.pause()) notifyListeners(id, "pause");
    return attempt(sandbox);
  }

  @Override
  public Optional<SandboxEndpoint> thaw(SandboxId id, Fence fence, int boot, ProcessSpec process) {
    script.apply(Verb.THAW, Optional.of(id));
    FakeSandbox sandbox = require(id, fence);
    requireNotLater(sandbox, fence.attempt());
    Optional<SimulatedProcess> same =
        sandbox
            .process()
            .filter(SimulatedProcess::runs)
            .filter(found -> found.spec().equals(spec(boot, process)));
    if (same.isPresent() && sandbox.thaw()) sandbox.limitUses(script.usesAfterThaw());
    return same.map(found -> new SandboxEndpoint(found.host(), gateway.port()));
  }

  @Override
  public MemoryUse pageOut(SandboxId id, int attempt) {
    script.apply(Verb.PAGE_OUT, Optional.of(id));
    FakeSandbox sandbox =
        running(id)
            .filter(found -> found.process().filter(SimulatedProcess::paused).isPresent())
            .filter(found -> attempt(found) <= attempt)
            .orElseThrow(
                () ->
                    new SandboxException(
                        Reason.NOT_FOUND,
                        cannot("page out " + id, "it has no frozen main process")));
    if (swapFreeBytes() >= settings.processBytes()) {
      sandbox.pageOut();
      host.recount();
    }
    return memoryUse(sandbox);
  }

  @Override
  public Optional<MemoryUse> memory(SandboxId id) {
    script.apply(Verb.MEMORY, Optional.of(id));
    return running(id).map(this::memoryUse);
  }

  private Optional<FakeSandbox> running(SandboxId id) {
    return host.find(id)
        .filter(found -> found.process().filter(SimulatedProcess::runs).isPresent());
  }

  /** Returns the memory of a process; a part of it stays resident when it is paged out. */
  private MemoryUse memoryUse(FakeSandbox sandbox) {
    long all = settings.processBytes();
    boolean pagedOut = sandbox.process().filter(SimulatedProcess::pagedOut).isPresent();
    long swapped = Math.round(all * (pagedOut ? script.pageOutShare() : script.runningSwapShare()));
    return new MemoryUse(all - swapped, swapped);
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    script.apply(Verb.REMOVE_PROCESSES, Optional.of(id));
    host.find(id)
        .filter(sandbox -> Fence.ofAttempt(attempt).allowsAttempt(attempt(sandbox)))
        .ifPresent(FakeSandbox::removeProcesses);
  }

  @Override
  public boolean remove(SandboxId id, Fence fence) {
    script.apply(Verb.REMOVE, Optional.of(id));
    boolean hadProcess = host.find(id).flatMap(FakeSandbox::process).isPresent();
    host.remove(id, fence);
    Optional<FakeSandbox> left = host.find(id);
    if (hadProcess && left.flatMap(FakeSandbox::process).isEmpty()) {
      host.recount();
      notifyListeners(id, "destroy");
    }
    return left.isEmpty();
  }

  private static int attempt(FakeSandbox sandbox) {
    return sandbox.process().map(SimulatedProcess::attempt).orElse(0);
  }

  private static void requireNotLater(FakeSandbox sandbox, int attempt) {
    sandbox
        .process()
        .filter(SimulatedProcess::runs)
        .ifPresent(running -> Fence.requireNotBefore(running.attempt(), attempt));
  }

  @Override
  public SandboxObservation observe(SandboxId id) {
    script.apply(Verb.OBSERVE, Optional.of(id));
    return host.find(id)
        .map(sandbox -> sandbox.observe(gateway.port()))
        .orElseGet(() -> SandboxObservation.nothing(id));
  }

  @Override
  public Ending howEnded(SandboxId id) {
    return host.find(id)
        .flatMap(FakeSandbox::process)
        .flatMap(process -> Optional.ofNullable(process.ending()))
        .orElse(Ending.WITH_ENGINE);
  }

  /**
   * Returns the published endpoint, because a simulated process listens on all of its ports there.
   */
  @Override
  public Optional<SandboxEndpoint> unpublished(SandboxId id, int port) {
    return observe(id).endpoint();
  }

  @Override
  public List<SandboxObservation> list() {
    script.apply(Verb.LIST, Optional.empty());
    if (script.hasEmptyLists()) {
      return List.of();
    }
    return host.all().stream().map(sandbox -> listed(sandbox.observe(gateway.port()))).toList();
  }

  private static SandboxObservation listed(SandboxObservation observed) {
    return observed.mainProcess() instanceof SandboxObservation.MainProcess.Ended ended
        ? new SandboxObservation(
            observed.id(),
            observed.home(),
            SandboxObservation.MainProcess.Ended.listed(ended.attempt()))
        : observed;
  }

  @Override
  public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files) {
    script.apply(Verb.WRITE_FILES, Optional.of(id));
    FakeSandbox sandbox = require(id, fence);
    requireNotLater(sandbox, fence.attempt());
    FakeHome.write(sandbox.home(), files);
  }

  @Override
  public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
    script.apply(Verb.READ_FILE, Optional.of(id));
    return FakeHome.read(require(id).home(), path, maxBytes);
  }

  @Override
  public Optional<HomeUsage> measureHome(SandboxId id, HomeUsage most) {
    return host.find(id).map(found -> FakeHome.usage(found.home()));
  }

  @Override
  public SandboxFiles files(SandboxId id, FilePath folder) {
    script.apply(Verb.FILES, Optional.of(id));
    return new FakeFiles(require(id).home(), folder);
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    script.apply(Verb.LOGS, Optional.of(id));
    FakeSandbox sandbox = require(id);
    if (sandbox.process().isEmpty()) {
      throw new SandboxException(
          Reason.NOT_FOUND, cannot("read the logs of " + id, "it has no main process"));
    }
    return sandbox.log().read(lines, follow, reader);
  }

  @Override
  public AutoCloseable events(Consumer<SandboxEvent> onEvent) {
    listeners.add(onEvent);
    return () -> listeners.remove(onEvent);
  }

  private void notifyListeners(SandboxId id, String what) {
    SandboxEvent event = new SandboxEvent(id, what);
    for (Consumer<SandboxEvent> listener : listeners) {
      Thread.ofVirtual().name("fake-event").start(() -> listener.accept(event));
    }
  }

  @Override
  public HostCapacity capacity() {
    script.apply(Verb.CAPACITY, Optional.empty());
    return new HostCapacity(
        settings.memoryBytes(),
        script.isFull()
            ? 0
            : Math.max(0, settings.memoryBytes() - host.running() * residentBytes()),
        swapFreeBytes(),
        compressedBytes(),
        script.stalledPercent());
  }

  /** Returns the memory that a process takes while it is not paged out. */
  private long residentBytes() {
    return settings.processBytes()
        - Math.round(settings.processBytes() * script.runningSwapShare());
  }

  /** Returns the memory of compressed swap; a paged-out process takes half of its own there. */
  private long compressedBytes() {
    if (!script.hasSwap()) return 0;
    return script.hasDiskSwap()
        ? settings.processBytes()
        : host.pagedOut() * settings.processBytes() / 2;
  }

  private long swapFreeBytes() {
    return script.hasSwap()
        ? Math.max(0, settings.memoryBytes() - host.pagedOut() * settings.processBytes())
        : 0;
  }

  @Override
  public String hostAddressFromSandbox() {
    return "127.0.0.1";
  }

  /** Records the ports. A simulated process is part of this process and reaches the same ports. */
  @Override
  public void openHostPorts(Set<Integer> ports) {
    openHostPorts = Set.copyOf(ports);
  }

  /** Returns the ports of the host that are open to sandboxes. */
  public Set<Integer> openHostPorts() {
    return openHostPorts;
  }

  @Override
  public Optional<String> isolationFailure() {
    return isolationFailure;
  }

  /** Sets why sandboxes are not isolated; empty if they are. */
  public void isolationFailure(Optional<String> why) {
    isolationFailure = why;
  }

  private void requireSnapshot(String snapshot) {
    if (script.isMissing(snapshot)) {
      throw new SandboxException(
          Reason.IMAGE_MISSING,
          cannot(
              "use snapshot " + snapshot,
              "its image does not exist on this host",
              "run scripts/up to build it"));
    }
  }

  private FakeSandbox require(SandboxId id, Fence fence) {
    Optional<FakeSandbox> sandbox = host.find(id);
    fence.requireHome(id, sandbox.map(FakeSandbox::generation));
    return sandbox.orElseThrow();
  }

  private FakeSandbox require(SandboxId id) {
    return host.find(id)
        .orElseThrow(
            () ->
                new SandboxException(
                    Reason.NOT_FOUND, cannot("access " + id, "its home volume does not exist")));
  }

  @Override
  public void close() {
    gateway.close();
    host.close();
  }
}
