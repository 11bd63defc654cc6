package dev.chowder.sandbox.fake;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFiles;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.fake.FakeSandbox.SimulatedProcess;
import dev.chowder.sandbox.fake.FakeScript.Verb;
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
 * Plays sandboxes: no container and next to no memory, but the same contract as a real driver, with
 * whatever delays and faults its {@link FakeScript} asks for.
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

  /** What a test can change while the driver is in use. */
  public FakeScript script() {
    return script;
  }

  /** Ends a main process as a crash would. */
  public void kill(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              if (sandbox.end(KILLED, false)) {
                tell(id, "die with exit code " + KILLED);
              }
            });
  }

  /** Ends a main process as one that prints this and then gives up by itself. */
  public void crash(SandboxId id, int exitCode, String lastLine) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              sandbox.log().add(lastLine);
              if (sandbox.end(exitCode, false)) {
                tell(id, "die with exit code " + exitCode);
              }
            });
  }

  /** Ends a main process as an engine does when its memory limit is reached. */
  public void killForMemory(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              if (sandbox.end(KILLED, true)) {
                tell(id, "oom");
              }
            });
  }

  /** Ends all main processes, as a restart of the engine does. */
  public void restartEngine() {
    for (FakeSandbox sandbox : host.all()) {
      if (sandbox.end(0, false, Ending.WITH_ENGINE)) {
        tell(sandbox.id(), "seen after the engine came back");
      }
    }
  }

  /** Freezes a main process behind everybody's back. */
  public void pause(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              if (sandbox.pause()) {
                tell(id, "pause");
              }
            });
  }

  /** Removes the processes behind everybody's back. */
  public void removeContainers(SandboxId id) {
    host.find(id)
        .ifPresent(
            sandbox -> {
              sandbox.removeProcesses();
              tell(id, "destroy");
            });
  }

  /** Removes the home as well. */
  public void lose(SandboxId id) {
    host.remove(id, Fence.NONE);
    tell(id, "destroy");
  }

  /** Whether a task of this sandbox is under way. */
  public boolean hasTask(SandboxId id) {
    return host.find(id).map(FakeSandbox::hasTask).orElse(false);
  }

  @Override
  public void create(SandboxSpec spec) {
    script.play(Verb.CREATE, Optional.of(spec.id()));
    requireSnapshot(spec.snapshot());
    new Fence(0, spec.generation())
        .requireHome(
            spec.id(), Optional.of(host.create(spec.id(), spec.generation()).generation()));
  }

  @Override
  public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
    script.play(Verb.RUN, Optional.of(id));
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
            Reason.NOT_FOUND, "task: its container was removed while it ran");
      }
      if (needed.compareTo(limit) >= 0) {
        throw new SandboxException(
            Reason.TIMED_OUT, "task: still running after " + limit.toMillis() + " ms, so killed");
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
    script.play(Verb.EXEC, Optional.of(id));
    FakeSandbox sandbox =
        host.find(id)
            .filter(found -> found.process().filter(SimulatedProcess::runs).isPresent())
            .orElseThrow(
                () ->
                    new SandboxException(
                        Reason.NOT_FOUND,
                        "exec: " + id + " has no process (expected: a running one)"));
    FakeCommand simulated = FakeCommand.parse(command);
    if (simulated.hangs()) {
      FakeScript.pause(Verb.EXEC, limit);
      throw new SandboxException(
          Reason.TIMED_OUT, "exec: still running after " + limit.toMillis() + " ms, so killed");
    }
    if (command.contains("pairing")) {
      return new TaskResult(0, false, sandbox.channels().codes(command.get(4)));
    }
    String output =
        simulated.prints().isEmpty() ? "" : String.join("\n", simulated.prints()) + "\n";
    return new TaskResult(simulated.exitCode(), false, output);
  }

  /** Somebody writes to an agent by a channel, and waits to be let in; returns the code. */
  public String knock(SandboxId id, String channel, String sender, String name) {
    return require(id).channels().knock(channel, sender, name);
  }

  /** Whether that somebody was let in. */
  public boolean isLetIn(SandboxId id, String channel, String sender) {
    return require(id).channels().isLetIn(channel, sender);
  }

  /** Somebody scans the code that a channel shows. */
  public void scan(SandboxId id, String channel) {
    require(id).channels().scan(channel);
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    script.play(Verb.START, Optional.of(id));
    requireSnapshot(process.snapshot());
    FakeSandbox sandbox = require(id, fence);
    int attempt = fence.attempt();
    String spec =
        attempt
            + " "
            + process.snapshot()
            + process.command()
            + new TreeMap<>(process.environment())
            + process.port();
    Optional<SimulatedProcess> former = sandbox.process().filter(p -> p.spec().equals(spec));
    requireNotLater(sandbox, attempt);
    if (former.isPresent() && former.get().runs() && !former.get().paused()) {
      return new SandboxEndpoint(former.get().host(), gateway.port());
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
            null),
        former.isPresent(),
        settings.bootTime().toNanos());
    host.started(id, address);
    command.prints().forEach(sandbox.log()::add);
    if (command.outOfMemory()) {
      sandbox.end(KILLED, true);
      tell(id, "die with exit code " + KILLED);
    }
    return new SandboxEndpoint(address, gateway.port());
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    script.play(Verb.STOP, Optional.of(id));
    Optional<FakeSandbox> sandbox = host.find(id);
    sandbox.ifPresent(found -> requireNotLater(found, attempt));
    Optional<SimulatedProcess> process = sandbox.flatMap(FakeSandbox::process);
    if (process.isEmpty() || !process.get().runs()) {
      Integer exitCode = process.map(SimulatedProcess::exitCode).orElse(0);
      return new StopResult(false, false, exitCode);
    }
    boolean killed = FakeCommand.parse(process.get().command()).ignoresSigterm();
    if (killed) {
      FakeScript.pause(Verb.STOP, grace);
    }
    int exitCode = killed ? KILLED : 0;
    boolean ended = sandbox.get().end(exitCode, false, Ending.STOPPED);
    if (ended) {
      tell(id, "die with exit code " + exitCode);
    }
    return new StopResult(ended, killed, exitCode);
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    script.play(Verb.REMOVE_PROCESSES, Optional.of(id));
    host.find(id)
        .filter(sandbox -> Fence.ofAttempt(attempt).covers(attempt(sandbox)))
        .ifPresent(FakeSandbox::removeProcesses);
  }

  @Override
  public boolean remove(SandboxId id, Fence fence) {
    script.play(Verb.REMOVE, Optional.of(id));
    boolean had = host.find(id).flatMap(FakeSandbox::process).isPresent();
    host.remove(id, fence);
    Optional<FakeSandbox> left = host.find(id);
    if (had && left.flatMap(FakeSandbox::process).isEmpty()) {
      tell(id, "destroy");
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
    script.play(Verb.OBSERVE, Optional.of(id));
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

  /** A played process answers at all of its ports as at the one that is published. */
  @Override
  public Optional<SandboxEndpoint> unpublished(SandboxId id, int port) {
    return observe(id).endpoint();
  }

  @Override
  public List<SandboxObservation> list() {
    script.play(Verb.LIST, Optional.empty());
    if (script.isForgetful()) {
      return List.of();
    }
    return host.all().stream().map(sandbox -> listed(sandbox.observe(gateway.port()))).toList();
  }

  private static SandboxObservation listed(SandboxObservation seen) {
    return seen.mainProcess() instanceof SandboxObservation.MainProcess.Ended ended
        ? new SandboxObservation(
            seen.id(), seen.home(), SandboxObservation.MainProcess.Ended.listed(ended.attempt()))
        : seen;
  }

  @Override
  public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> files) {
    script.play(Verb.WRITE_FILES, Optional.of(id));
    FakeSandbox sandbox = require(id, fence);
    requireNotLater(sandbox, fence.attempt());
    FakeHome.write(sandbox.home(), files);
  }

  @Override
  public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
    script.play(Verb.READ_FILE, Optional.of(id));
    return FakeHome.read(require(id).home(), path, maxBytes);
  }

  @Override
  public Optional<HomeUsage> measureHome(SandboxId id, HomeUsage most) {
    return host.find(id).map(found -> FakeHome.usage(found.home()));
  }

  @Override
  public SandboxFiles files(SandboxId id, FilePath folder) {
    script.play(Verb.FILES, Optional.of(id));
    return new FakeFiles(require(id).home(), folder);
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    script.play(Verb.LOGS, Optional.of(id));
    FakeSandbox sandbox = require(id);
    if (sandbox.process().isEmpty()) {
      throw new SandboxException(Reason.NOT_FOUND, "logs: " + id + " has no process");
    }
    return sandbox.log().read(lines, follow, reader);
  }

  @Override
  public AutoCloseable events(Consumer<SandboxEvent> onEvent) {
    listeners.add(onEvent);
    return () -> listeners.remove(onEvent);
  }

  private void tell(SandboxId id, String what) {
    SandboxEvent notice = new SandboxEvent(id, what);
    for (Consumer<SandboxEvent> listener : listeners) {
      Thread.ofVirtual().name("fake-notice").start(() -> listener.accept(notice));
    }
  }

  @Override
  public HostCapacity capacity() {
    script.play(Verb.CAPACITY, Optional.empty());
    if (script.isFull()) {
      return new HostCapacity(settings.memoryBytes(), 0);
    }
    long running = host.running();
    return new HostCapacity(
        settings.memoryBytes(),
        Math.max(0, settings.memoryBytes() - running * settings.processBytes()));
  }

  @Override
  public String hostAddressFromSandbox() {
    return "127.0.0.1";
  }

  /** Only recorded: a simulated process is part of this process and reaches the same ports. */
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

  /** Sets why sandboxes count as not isolated; empty if they are isolated. */
  public void isolationFailure(Optional<String> why) {
    isolationFailure = why;
  }

  private void requireSnapshot(String snapshot) {
    if (script.isMissing(snapshot)) {
      throw new SandboxException(
          Reason.IMAGE_MISSING,
          "snapshot: " + snapshot + " is not on this host (expected: built by scripts/up)");
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
            () -> new SandboxException(Reason.NOT_FOUND, "sandbox: " + id + " is not there"));
  }

  @Override
  public void close() {
    gateway.close();
    host.close();
  }
}
