package dev.chowder.simulator;

import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.SandboxHost;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.simulator.FakeSandbox.SimulatedProcess;
import dev.chowder.simulator.FakeScript.Verb;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Simulates the memory, the processors and the ports of a host. */
public final class SimulatedHost implements SandboxHost {
  private final FakeSandboxSettings settings;
  private final FakeScript script;
  private final FakeHost host;
  private final AtomicInteger restarts = new AtomicInteger();
  private volatile Set<Integer> openHostPorts = Set.of();
  private final AtomicLong processorTime = new AtomicLong();
  private volatile boolean idle;
  private volatile Optional<String> isolationFailure = Optional.empty();
  private final Set<SandboxId> unmeasured = ConcurrentHashMap.newKeySet();
  private final AtomicInteger lateWalks = new AtomicInteger();
  private volatile OptionalLong freeDiskBytes = OptionalLong.empty();

  SimulatedHost(FakeSandboxSettings settings, FakeScript script, FakeHost host) {
    this.settings = settings;
    this.script = script;
    this.host = host;
  }

  @Override
  public HostCapacity capacity() {
    script.apply(Verb.CAPACITY, Optional.empty());
    return new HostCapacity(
        settings.memoryBytes(),
        script.isFull()
            ? 0
            : Math.max(
                0, settings.memoryBytes() - host.running() * residentBytes() - compressedBytes()),
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

  long swapFreeBytes() {
    return script.hasSwap()
        ? Math.max(0, settings.memoryBytes() - host.pagedOut() * settings.processBytes())
        : 0;
  }

  /** Returns the memory of a process; a part of it stays resident when it is paged out. */
  MemoryUse memoryUse(FakeSandbox sandbox) {
    long all = settings.processBytes();
    boolean pagedOut = sandbox.process().filter(SimulatedProcess::pagedOut).isPresent();
    long swapped = Math.round(all * (pagedOut ? script.pageOutShare() : script.runningSwapShare()));
    return new MemoryUse(all - swapped, swapped);
  }

  /** Returns the processor time of each process. It grows with each call, as if it always works. */
  Duration processorTime() {
    if (!idle) processorTime.incrementAndGet();
    return Duration.ofSeconds(processorTime.get());
  }

  /** Sets whether no process uses a processor. */
  public void idle(boolean now) {
    idle = now;
  }

  @Override
  public OptionalLong freeDiskBytes() {
    return freeDiskBytes;
  }

  /** Sets the free space of the disk with the home directories; unknown by default. */
  public void freeDiskBytes(long bytes) {
    freeDiskBytes = OptionalLong.of(bytes);
  }

  /** Makes each walk through this home directory take too long. */
  public void cannotMeasure(SandboxId id) {
    unmeasured.add(id);
  }

  /** Returns how many walks took too long. */
  public int lateWalks() {
    return lateWalks.get();
  }

  void measured(SandboxId id) {
    if (!unmeasured.contains(id)) return;
    lateWalks.incrementAndGet();
    throw FakePause.timedOut("measure the home of " + id, Duration.ofMinutes(1));
  }

  @Override
  public String hostAddressFromSandbox() {
    return "127.0.0.1";
  }

  /** Makes the event stream break, as a restart of the engine does, and changes nothing else. */
  public void breakEvents() {
    restarts.incrementAndGet();
  }

  int restarts() {
    return restarts.get();
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
}
