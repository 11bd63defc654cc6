package dev.chowder.simulator;

import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.StopResult;
import dev.chowder.simulator.FakeSandbox.SimulatedProcess;
import dev.chowder.simulator.FakeScript.Verb;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Simulates sandboxes without containers and with little memory. Fulfils the same contract as a
 * real engine, with the delays and faults that its {@link FakeScript} requests.
 */
public final class SimulatedEngine implements SandboxEngine {
  private static final int KILLED = 137;

  private final FakeSandboxSettings settings;
  private final FakeScript script;
  private final FakeHost host;
  private final FakeGateway gateway;
  private final FakeEvents events;
  private final SimulatedTasks tasks;
  private final SimulatedHomes homes;
  private final SimulatedHost machine;
  private final String engine;
  private volatile String identity;

  public SimulatedEngine(FakeSandboxSettings settings) {
    this(settings, new FakeScript());
  }

  public SimulatedEngine(FakeSandboxSettings settings, FakeScript script) {
    this.settings = settings;
    this.script = script;
    try {
      this.host = new FakeHost(settings.directory());
      var named = host.identity();
      this.engine = named.getFirst();
      this.identity = named.getLast();
      this.events = new FakeEvents(host.shared(".events"), host::find);
      this.gateway = new FakeGateway(host, settings, script);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    this.tasks = new SimulatedTasks(settings, script, host);
    this.machine = new SimulatedHost(settings, script, host);
    this.homes = new SimulatedHomes(script, host, machine);
    events.open();
  }

  /** Returns the script, which a test can change while the engine is in use. */
  public FakeScript script() {
    return script;
  }

  /** Ends a main process as a crash does. */
  public void kill(SandboxId id) {
    end(id, KILLED, false, "die with exit code " + KILLED);
  }

  /** Ends a main process as if it had printed this line and exited by itself. */
  public void crash(SandboxId id, int exitCode, String lastLine) {
    host.find(id).ifPresent(sandbox -> sandbox.log().add(List.of(lastLine)));
    end(id, exitCode, false, "die with exit code " + exitCode);
  }

  /** Ends a main process as an engine does at the memory limit. */
  public void killForMemory(SandboxId id) {
    end(id, KILLED, true, "oom");
  }

  private void end(SandboxId id, int exitCode, boolean outOfMemory, String event) {
    host.find(id)
        .filter(sandbox -> sandbox.end(exitCode, outOfMemory))
        .ifPresent(_ -> events.send(id, event));
  }

  /** Ends all main processes, as a restart of the engine does. */
  public void restartEngine() {
    machine.breakEvents();
    for (FakeSandbox sandbox : host.all()) {
      if (sandbox.end(0, false, Ending.WITH_ENGINE)) {
        events.send(sandbox.id(), "found after the engine was reachable again");
      }
    }
  }

  /** Freezes a main process without a call to the engine. */
  public void pause(SandboxId id) {
    host.find(id).filter(sandbox -> sandbox.pause()).ifPresent(_ -> events.send(id, "pause"));
  }

  /** Makes the gateway's suspension expire, as it does after two minutes. */
  public void expireSuspension(SandboxId id) {
    host.find(id).ifPresent(sandbox -> sandbox.admission().expire());
  }

  /** Removes the processes without a call to the engine. */
  public void removeContainers(SandboxId id) {
    host.find(id).ifPresent(FakeSandbox::removeProcesses);
    events.send(id, "destroy");
  }

  /** Removes the home and the processes without a call to the engine. */
  public void lose(SandboxId id) {
    host.remove(id, Fence.NONE);
    events.send(id, "destroy");
  }

  /** Gives the engine another identity, as after a restore of its sandboxes on another machine. */
  public void identifyAs(String host) {
    identity = host;
  }

  /** Gives all homes this generation; 0 removes it, as a copy of a volume may lose its label. */
  public void relabelHomes(int generation) {
    for (var sandbox : host.all()) sandbox.relabel(generation);
  }

  /** Returns whether a task of this sandbox is running. */
  public boolean hasTask(SandboxId id) {
    return host.find(id).map(FakeSandbox::hasTask).orElse(false);
  }

  @Override
  public void create(SandboxSpec spec) {
    script.apply(Verb.CREATE, Optional.of(spec.id()));
    SimulatedTasks.requireSnapshot(script, spec.snapshot());
    List<SandboxFile> fromImage = script.hasSkeleton() ? FakeOpenClaw.imageFiles() : List.of();
    FakeSandbox sandbox = host.create(spec.id(), spec.generation(), fromImage);
    new Fence(0, spec.generation()).requireHome(spec.id(), Optional.of(sandbox.generation()));
  }

  @Override
  public SandboxRef ref(SandboxId id) {
    return new SandboxRef(engine, identity, id.value());
  }

  /** Simulates a sender's first message to an agent in a channel, and returns the pairing code. */
  public String requestPairing(SandboxId id, String channel, String sender, String name) {
    return host.require(id).channels().requestPairing(channel, sender, name);
  }

  /** Returns whether the sender's pairing is approved. */
  public boolean isApproved(SandboxId id, String channel, String sender) {
    return host.require(id).channels().isApproved(channel, sender);
  }

  /** Simulates the scan of the QR code that a channel shows. */
  public void scan(SandboxId id, String channel) {
    host.require(id).channels().scan(channel);
  }

  /** Only checks its arguments: a start of this engine creates its process in no time. */
  @Override
  public void prepare(SandboxId id, Fence fence, ProcessSpec process) {
    script.apply(Verb.PREPARE, Optional.of(id));
    SimulatedTasks.requireSnapshot(script, process.snapshot());
    host.require(id, fence).requireNotLater(fence.attempt());
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    script.apply(Verb.START, Optional.of(id));
    SimulatedTasks.requireSnapshot(script, process.snapshot());
    FakeSandbox sandbox = host.require(id, fence);
    int attempt = fence.attempt();
    String spec = SimulatedProcess.spec(attempt, process);
    Optional<SimulatedProcess> existing = sandbox.process();
    Optional<SimulatedProcess> previous = existing.filter(p -> p.spec().equals(spec));
    sandbox.requireNotLater(attempt);
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
            null,
            System.nanoTime() + settings.bootTime().toNanos()),
        previous.isPresent());
    host.started(id, address);
    existing.ifPresent(ended -> host.forgetAddress(ended.host()));
    sandbox.log().add(command.prints());
    events.changed(id);
    if (command.outOfMemory()) {
      sandbox.end(KILLED, true);
      events.send(id, "die with exit code " + KILLED);
    }
    return new SandboxEndpoint(address, gateway.port());
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    script.apply(Verb.STOP, Optional.of(id));
    Optional<FakeSandbox> sandbox = host.find(id);
    sandbox.ifPresent(found -> found.requireNotLater(attempt));
    Optional<SimulatedProcess> process = sandbox.flatMap(FakeSandbox::process);
    if (process.isEmpty() || !process.get().runs()) {
      Integer exitCode = process.map(SimulatedProcess::exitCode).orElse(0);
      return new StopResult(false, false, exitCode);
    }
    boolean killed = grace.isZero() || FakeCommand.parse(process.get().command()).ignoresSigterm();
    if (killed) FakePause.take(Verb.STOP, grace);
    int exitCode = killed ? KILLED : 0;
    boolean ended = sandbox.get().end(exitCode, false, Ending.STOPPED);
    if (ended) {
      host.recount();
      events.send(id, "die with exit code " + exitCode);
    }
    return new StopResult(ended, killed, exitCode);
  }

  @Override
  public int freeze(SandboxId id, int attempt) {
    script.apply(Verb.FREEZE, Optional.of(id));
    FakeSandbox sandbox =
        host.running(id)
            .orElseThrow(
                () -> SandboxException.notFound("freeze " + id, "its main process does not run"));
    sandbox.requireNotLater(attempt);
    if (sandbox.pause()) events.send(id, "pause");
    return sandbox.attempt();
  }

  @Override
  public Optional<SandboxEndpoint> thaw(SandboxId id, Fence fence, int boot, ProcessSpec process) {
    script.apply(Verb.THAW, Optional.of(id));
    FakeSandbox sandbox = host.require(id, fence);
    sandbox.requireNotLater(fence.attempt());
    Optional<SimulatedProcess> same =
        sandbox
            .process()
            .filter(SimulatedProcess::runs)
            .filter(found -> found.spec().equals(SimulatedProcess.spec(boot, process)));
    if (same.isPresent() && sandbox.thaw()) sandbox.limitUses(script.usesAfterThaw());
    return same.map(found -> new SandboxEndpoint(found.host(), gateway.port()));
  }

  @Override
  public MemoryUse pageOut(SandboxId id, int attempt) {
    script.apply(Verb.PAGE_OUT, Optional.of(id));
    FakeSandbox sandbox =
        host.running(id)
            .filter(found -> found.process().filter(SimulatedProcess::paused).isPresent())
            .filter(found -> found.attempt() <= attempt)
            .orElseThrow(
                () -> SandboxException.notFound("page out " + id, "it has no frozen main process"));
    if (machine.swapFreeBytes() >= settings.processBytes()) {
      sandbox.pageOut();
      host.recount();
    }
    return machine.memoryUse(sandbox);
  }

  @Override
  public Optional<MemoryUse> memory(SandboxId id) {
    script.apply(Verb.MEMORY, Optional.of(id));
    return host.running(id).map(machine::memoryUse);
  }

  @Override
  public Optional<Duration> processorTime(SandboxId id) {
    script.apply(Verb.MEMORY, Optional.of(id));
    return host.running(id).map(_ -> machine.processorTime());
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    script.apply(Verb.REMOVE_PROCESSES, Optional.of(id));
    host.find(id)
        .filter(sandbox -> Fence.ofAttempt(attempt).allowsAttempt(sandbox.attempt()))
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
      events.send(id, "destroy");
    }
    return left.isEmpty();
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
  public Optional<SandboxEndpoint> endpoint(SandboxId id, int port) {
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
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    script.apply(Verb.LOGS, Optional.of(id));
    FakeSandbox sandbox = host.require(id);
    if (sandbox.process().isEmpty()) {
      throw SandboxException.notFound("read the logs of " + id, "it has no main process");
    }
    return sandbox.readLog(lines, follow, reader);
  }

  @Override
  public AutoCloseable watch(Consumer<SandboxEvent> onEvent) {
    return events.to(onEvent);
  }

  @Override
  public int restarts() {
    return machine.restarts();
  }

  @Override
  public SandboxTasks tasks() {
    return tasks;
  }

  @Override
  public SandboxHomes homes() {
    return homes;
  }

  @Override
  public SimulatedHost host() {
    return machine;
  }

  @Override
  public void close() {
    events.close();
    gateway.close();
    host.close();
  }
}
