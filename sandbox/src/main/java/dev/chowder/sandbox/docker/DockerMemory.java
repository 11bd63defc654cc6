package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.MemoryStatsConfig;
import com.github.dockerjava.api.model.Statistics;
import com.github.dockerjava.api.model.StatsConfig;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Measures the memory of containers, through this host's kernel if it is the engine's, and
 * otherwise through the engine.
 */
record DockerMemory(DockerApi engine, DockerSandboxSettings settings) {
  /** Measures a running or frozen container. */
  MemoryUse use(InspectContainerResponse container) {
    return CgroupMemory.of(container)
        .flatMap(CgroupMemory::use)
        .orElseGet(() -> fromEngine(container.getId()));
  }

  /** Measures through the engine, which takes about two seconds. */
  MemoryUse fromEngine(String id) {
    String what = "read the statistics of container " + id;
    AtomicReference<@Nullable Statistics> latest = new AtomicReference<>();
    try (DockerStream<Statistics> stream =
        engine.stream(
            what,
            new DockerStream<>(latest::set, _ -> {}),
            (docker, to) -> docker.statsCmd(id).withNoStream(true).exec(to))) {
      if (!stream.awaitEnd(settings.callTimeout())) {
        throw new SandboxException(
            Reason.ENGINE_UNREACHABLE, DockerErrors.late(what, settings.callTimeout()));
      }
      if (stream.why().isPresent()) throw engine.translate(what, stream.why().get());
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw engine.translate(what, stop);
    }
    return Optional.ofNullable(latest.get())
        .map(Statistics::getMemoryStats)
        .map(DockerMemory::use)
        .orElseThrow(() -> SandboxException.notFound(what, "the engine returned no memory in use"));
  }

  private static MemoryUse use(MemoryStatsConfig memory) {
    StatsConfig stats = memory.getStats() == null ? new StatsConfig() : memory.getStats();
    // The name differs between the versions of control groups.
    long droppable =
        orZero(
            stats.getTotalInactiveFile() == null
                ? stats.getInactiveFile()
                : stats.getTotalInactiveFile());
    return new MemoryUse(
        Math.max(0, orZero(memory.getUsage()) - droppable), orZero(stats.getSwap()));
  }

  private static long orZero(@Nullable Long value) {
    return value == null ? 0 : value;
  }
}
