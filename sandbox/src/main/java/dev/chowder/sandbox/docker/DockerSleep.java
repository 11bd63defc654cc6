package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Freezes and thaws the containers of main processes, and moves their memory to swap. Does not know
 * what the process does.
 */
final class DockerSleep implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(DockerSleep.class);

  /** Free swap below which nothing is moved there. */
  private static final long LEAST_SWAP = 64L << 20;

  private final DockerSandboxSettings settings;
  private final DockerContainers containers;
  private final SandboxIsolation isolation;
  private final DockerMemory memory;
  private final Supplier<HostCapacity> host;
  private final SwapReader swap = new SwapReader();
  private final OomPriority priority = new OomPriority();
  private final AtomicBoolean reported = new AtomicBoolean();

  DockerSleep(
      DockerSandboxSettings settings,
      DockerContainers containers,
      SandboxIsolation isolation,
      DockerMemory memory,
      Supplier<HostCapacity> host) {
    this.settings = settings;
    this.containers = containers;
    this.isolation = isolation;
    this.memory = memory;
    this.host = host;
  }

  /** Freezes the running container and returns its attempt. */
  int freeze(SandboxId id, int attempt) {
    InspectContainerResponse container =
        find(id)
            .orElseThrow(
                () -> SandboxException.notFound("freeze " + id, "its main process does not run"));
    DockerContainers.requireNotLater(container, attempt);
    if (!DockerContainers.paused(container)) {
      containers.freeze(container.getId());
      if (containers.inspect(container.getId()).filter(DockerContainers::paused).isEmpty()) {
        throw SandboxException.notFound("freeze " + id, "its main process ended meanwhile");
      }
    }
    // Also for a container that a server froze which ended before this.
    CgroupMemory.of(container).ifPresent(priority::lower);
    return DockerLabels.attempt(DockerObservations.labels(container));
  }

  /**
   * Lets a container of this spec continue. Empty if none runs.
   *
   * @param attempt the attempt of the caller
   */
  Optional<SandboxEndpoint> thaw(DockerContainerSpec spec, int attempt) {
    Optional<InspectContainerResponse> found = find(spec.id());
    found.ifPresent(running -> DockerContainers.requireNotLater(running, attempt));
    return found
        .filter(running -> spec.describes(running, settings))
        .flatMap(
            running -> {
              if (DockerContainers.paused(running)) {
                isolation.ensure();
                wake(running);
              }
              return containers
                  .inspect(running.getId())
                  .filter(thawed -> !DockerContainers.paused(thawed))
                  .flatMap(DockerObservations::endpoint);
            });
  }

  /**
   * Lets a frozen container continue, and reads its memory from swap meanwhile. Does nothing if it
   * runs, ended or was removed meanwhile.
   */
  void wake(InspectContainerResponse frozen) {
    CgroupMemory.of(frozen)
        .ifPresent(
            cgroup -> {
              try {
                // A server that ended during a page-out left other limits behind.
                cgroup.restore();
              } catch (InterruptedException stop) {
                throw interrupted("thaw container " + frozen.getId(), stop);
              }
              priority.restore(frozen, cgroup);
              // The process needs some pages at once, so it does not wait until all are read.
              if (cgroup.use().filter(use -> use.swappedBytes() > 0).isPresent()) {
                swap.start(cgroup.processes());
              }
            });
    containers.unpause(frozen.getId());
  }

  /** Moves memory of the frozen container to swap. */
  MemoryUse pageOut(SandboxId id, int attempt) {
    InspectContainerResponse container =
        find(id)
            .filter(DockerContainers::paused)
            .filter(found -> DockerLabels.attempt(DockerObservations.labels(found)) <= attempt)
            .orElseThrow(
                () -> SandboxException.notFound("page out " + id, "it has no frozen main process"));
    Optional<CgroupMemory> cgroup = CgroupMemory.of(container);
    if (cgroup.isPresent() && host.get().swapFreeBytes() >= LEAST_SWAP) {
      try {
        cgroup.get().reclaim(settings.pageOutTimeout()).ifPresent(this::report);
      } catch (InterruptedException stop) {
        throw interrupted("page out " + id, stop);
      }
    }
    return memory.use(container);
  }

  private void report(String why) {
    if (!reported.getAndSet(true)) log.info("event=memory-not-all-paged-out why={}", why);
    else log.debug("event=memory-not-all-paged-out why={}", why);
  }

  Optional<MemoryUse> memory(SandboxId id) {
    return find(id).map(memory::use);
  }

  Optional<Duration> processorTime(SandboxId id) {
    return find(id).flatMap(CgroupProcessor::used);
  }

  private Optional<InspectContainerResponse> find(SandboxId id) {
    return containers.find(id, DockerLabels.GATEWAY).filter(DockerContainers::runs);
  }

  private static SandboxException interrupted(String what, InterruptedException stop) {
    Thread.currentThread().interrupt();
    return DockerErrors.interrupted(what, stop);
  }

  @Override
  public void close() {
    swap.close();
  }
}
