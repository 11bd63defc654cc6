package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxFiles;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Sandboxes as a Docker volume each, used by one container after another: {@code <id>-task} for a
 * task, {@code <id>-gateway} for the main process. Refuses to know what the commands do.
 */
public final class DockerSandboxDriver implements SandboxDriver {
  private static final int OUTPUT_BYTES = 16 * 1024;

  /** The engine's words for a container whose process has not ended. */
  private static final Set<String> RUNNING = Set.of("running", "paused", "restarting");

  private final DockerSandboxSettings settings;
  private final DockerEngine engine;
  private final DockerNetwork network;
  private final DockerContainers containers;
  private final DockerHomes homes;
  private final DockerFiles files;
  private final DockerFilesContainer filesContainer;
  private final DockerLogs logs;
  private final DockerHomeMeter meter;
  private final DockerObservations observations;
  private final DockerEndings endings;
  private final HostPorts hostPorts;
  private final SandboxIsolation isolation;

  public DockerSandboxDriver(DockerSandboxSettings settings) {
    this.settings = settings;
    this.engine = new DockerEngine(settings);
    this.network = new DockerNetwork(engine, settings);
    this.containers = new DockerContainers(engine, settings);
    this.homes = new DockerHomes(engine, settings);
    this.files = new DockerFiles(engine, settings);
    this.filesContainer = new DockerFilesContainer(engine, settings, containers, homes);
    this.logs = new DockerLogs(engine, settings);
    this.meter = new DockerHomeMeter(engine, settings, containers, homes, logs);
    this.hostPorts = new HostPorts(settings);
    this.isolation = new SandboxIsolation(settings, network, hostPorts);
    this.endings = new DockerEndings(engine, settings);
    this.observations = new DockerObservations(settings, containers, homes);
  }

  @Override
  public void create(SandboxSpec spec) {
    requireSnapshot(spec.snapshot());
    network.ensure();
    homes.create(spec);
  }

  @Override
  public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
    fence.requireHome(id, homes.generation(id));
    requireNoneLater(id, fence.attempt());
    removeProcesses(id, fence.attempt());
    var spec =
        new DockerContainerSpec(
            id,
            task.organizationId(),
            DockerLabels.TASK,
            fence.attempt(),
            task.snapshot(),
            task.command(),
            Map.of(),
            Optional.empty());
    String made = make(spec, fence);
    files.writeStopped(made, task.files());
    String container = startIsolated(spec, fence, made);
    Optional<InspectContainerResponse> ended = containers.awaitEnd(container, limit);
    if (ended.isEmpty()) {
      if (containers.inspect(container).isEmpty()) {
        throw new SandboxException(
            Reason.NOT_FOUND, "task: its container was removed while it ran");
      }
      containers.signal(container, "KILL");
      throw new SandboxException(
          Reason.TIMED_OUT, "task: still running after " + limit.toMillis() + " ms, so killed");
    }
    var state = ended.get().getState();
    return new TaskResult(
        DockerObservations.exitCode(state),
        Boolean.TRUE.equals(state.getOOMKilled()),
        logs.tail(container, OUTPUT_BYTES));
  }

  @Override
  public TaskResult exec(SandboxId id, List<String> command, Duration limit) {
    var container =
        containers
            .inspect(DockerContainers.name(id, DockerLabels.GATEWAY))
            .filter(DockerContainers::runs)
            .orElseThrow(
                () ->
                    new SandboxException(
                        Reason.NOT_FOUND,
                        "exec: " + id + " has no process (expected: a running one)"));
    return DockerExec.run(engine, container.getId(), command, limit, OUTPUT_BYTES);
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    fence.requireHome(id, homes.generation(id));
    var spec =
        new DockerContainerSpec(
            id,
            process.organizationId(),
            DockerLabels.GATEWAY,
            fence.attempt(),
            process.snapshot(),
            process.command(),
            process.environment(),
            Optional.of(process.port()));
    // Two processes must never share a home directory.
    removeFormer(DockerContainers.name(id, DockerLabels.TASK), fence.attempt());
    Optional<InspectContainerResponse> former = containers.inspect(spec.name());
    former.ifPresent(found -> requireNotLater(found, fence.attempt()));
    if (former.isPresent() && !isFrom(former.get(), spec)) {
      stop(id, fence.attempt(), settings.replaceGrace());
      containers.remove(former.get().getId());
      former = Optional.empty();
    }
    String made = former.isPresent() ? former.get().getId() : make(spec, fence);
    String container = startIsolated(spec, fence, made);
    return containers
        .inspect(container)
        .flatMap(DockerObservations::endpoint)
        .orElseThrow(() -> endedAtOnce(container));
  }

  /**
   * Starts a container of this spec and returns its id: another one when it had to be made anew.
   */
  private String startIsolated(DockerContainerSpec spec, Fence fence, String container) {
    isolation.ensure();
    try {
      containers.start(container);
      return container;
    } catch (SandboxException refused) {
      if (!String.valueOf(refused.getMessage()).matches("(?s).*network .+ not found.*")) {
        throw refused;
      }
      // Somebody removed the network, which the engine allows while nothing runs on it; a container
      // stays bound to the one that it was made for.
      network.forget();
      String again = make(spec, fence);
      isolation.apply();
      containers.start(again);
      return again;
    }
  }

  private boolean isFrom(InspectContainerResponse container, DockerContainerSpec spec) {
    return spec.hash(settings).equals(DockerObservations.labels(container).get(DockerLabels.SPEC))
        && !DockerContainers.paused(container);
  }

  private SandboxException endedAtOnce(String container) {
    String output = containers.inspect(container).isEmpty() ? "" : logs.tail(container, 1024);
    return new SandboxException(
        Reason.REFUSED, "main process: ended as soon as it was started: " + output.strip());
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    String name = DockerContainers.name(id, DockerLabels.GATEWAY);
    Optional<InspectContainerResponse> found = containers.inspect(name);
    found.ifPresent(running -> requireNotLater(running, attempt));
    if (found.isEmpty() || !DockerContainers.runs(found.get())) {
      return new StopResult(
          false, false, found.map(c -> DockerObservations.exitCode(c.getState())).orElse(0));
    }
    String container = found.get().getId();
    containers.signal(container, "TERM");
    if (DockerContainers.paused(found.get())) {
      // A frozen process gets its signal only when it is thawed.
      containers.unpause(container);
    }
    Optional<InspectContainerResponse> ended = containers.awaitEnd(container, grace);
    boolean killed = ended.isEmpty() && containers.inspect(container).isPresent();
    if (killed) {
      containers.signal(container, "KILL");
      ended = containers.awaitEnd(container, settings.callTimeout());
      if (ended.isEmpty() && containers.inspect(container).isPresent()) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            "main process: still running "
                + settings.callTimeout().toMillis()
                + " ms after SIGKILL");
      }
    }
    return new StopResult(
        true, killed, ended.map(c -> DockerObservations.exitCode(c.getState())).orElse(0));
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    var _ = removeContainers(id, attempt);
  }

  /**
   * Returns how many of later attempts stay. Removes by id: another container may have the name by
   * now.
   */
  private int removeContainers(SandboxId id, int attempt) {
    int later = 0;
    for (Container container : containers.list(DockerLabels.filter(settings.clusterId(), id))) {
      if (DockerLabels.attempt(container.getLabels()) <= attempt) {
        containers.remove(container.getId());
      } else {
        later++;
      }
    }
    return later;
  }

  @Override
  public boolean remove(SandboxId id, Fence fence) {
    long deadline = System.nanoTime() + settings.removeTimeout().toNanos();
    while (true) {
      int later = removeContainers(id, fence.attempt());
      // A volume is in use if a concurrent call created a container meanwhile, or by a later
      // attempt.
      boolean removed = homes.remove(id, fence);
      if (removed || later > 0) {
        return later == 0 && homes.generation(id).isEmpty();
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            "remove "
                + id
                + ": its volume is in use after "
                + settings.removeTimeout().toMillis()
                + " ms");
      }
      containers.pause("remove " + id);
    }
  }

  private void requireNoneLater(SandboxId id, int attempt) {
    containers.list(DockerLabels.filter(settings.clusterId(), id)).stream()
        .filter(container -> RUNNING.contains(container.getState()))
        .map(container -> DockerLabels.attempt(container.getLabels()))
        .forEach(running -> Fence.requireNotBefore(running, attempt));
  }

  /**
   * A process that ended blocks no call: after a restore, the database may know less than the host.
   */
  private static void requireNotLater(InspectContainerResponse container, int attempt) {
    if (DockerContainers.runs(container)) {
      Fence.requireNotBefore(DockerLabels.attempt(DockerObservations.labels(container)), attempt);
    }
  }

  private void removeFormer(String name, int attempt) {
    containers
        .inspect(name)
        .ifPresent(
            former -> {
              requireNotLater(former, attempt);
              containers.remove(former.getId());
            });
  }

  @Override
  public SandboxObservation observe(SandboxId id) {
    return observations.observe(id);
  }

  @Override
  public Ending howEnded(SandboxId id) {
    return containers
        .inspect(DockerContainers.name(id, DockerLabels.GATEWAY))
        .filter(container -> !DockerContainers.runs(container))
        .map(endings::of)
        .orElse(Ending.WITH_ENGINE);
  }

  @Override
  public Optional<SandboxEndpoint> unpublished(SandboxId id, int port) {
    return observations.address(id).map(address -> new SandboxEndpoint(address, port));
  }

  @Override
  public List<SandboxObservation> list() {
    return observations.list();
  }

  @Override
  public void writeFiles(SandboxId id, Fence fence, List<SandboxFile> written) {
    Optional<InspectContainerResponse> gateway =
        containers.inspect(DockerContainers.name(id, DockerLabels.GATEWAY));
    gateway.ifPresent(running -> requireNotLater(running, fence.attempt()));
    String container = anyContainer(id, gateway);
    // Checked only now, since the home cannot be replaced while this container uses it.
    fence.requireHome(id, homes.generation(id));
    if (gateway.isPresent()
        && DockerContainers.runs(gateway.get())
        && !DockerContainers.paused(gateway.get())) {
      files.writeRunning(container, written);
    } else {
      files.writeStopped(container, written);
    }
  }

  @Override
  public Optional<ByteString> readFile(SandboxId id, String path, long maxBytes) {
    Optional<InspectContainerResponse> gateway =
        containers.inspect(DockerContainers.name(id, DockerLabels.GATEWAY));
    return files.read(anyContainer(id, gateway), path, maxBytes);
  }

  @Override
  public Optional<HomeUsage> measureHome(SandboxId id, HomeUsage most) {
    return meter.measure(id, most);
  }

  @Override
  public SandboxFiles files(SandboxId id, FilePath folder) {
    requireHome(id);
    return new DockerSandboxFiles(engine, settings, filesContainer, id, folder);
  }

  /** Files are reached through a container; where there is none, one is made that never starts. */
  private String anyContainer(SandboxId id, Optional<InspectContainerResponse> gateway) {
    return gateway
        .or(() -> containers.inspect(DockerContainers.name(id, DockerLabels.TASK)))
        .map(InspectContainerResponse::getId)
        .orElseGet(() -> makeHolder(id));
  }

  private String makeHolder(SandboxId id) {
    InspectVolumeResponse home = requireHome(id);
    return make(
        new DockerContainerSpec(
            id,
            DockerHomes.label(home, DockerLabels.ORGANIZATION),
            DockerLabels.TASK,
            0,
            // Not the home's own image, which may have been removed since: a home outlives it.
            settings.helperImage(),
            List.of("true"),
            Map.of(),
            Optional.empty()),
        Fence.ofAttempt(0));
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    String name = DockerContainers.name(id, DockerLabels.GATEWAY);
    String container =
        containers
            .inspect(name)
            .map(InspectContainerResponse::getId)
            .orElseThrow(
                () -> new SandboxException(Reason.NOT_FOUND, "logs: " + id + " has no process"));
    return logs.read(container, lines, follow, reader);
  }

  @Override
  public AutoCloseable events(Consumer<SandboxEvent> onEvent) {
    return new DockerEvents(
        engine,
        settings,
        (id, what) -> onEvent.accept(new SandboxEvent(id, what)),
        () -> {
          isolation.apply();
          list().stream()
              .filter(seen -> !(seen.mainProcess() instanceof SandboxObservation.MainProcess.Up))
              .map(seen -> new SandboxEvent(seen.id(), "seen after the engine came back"))
              .forEach(onEvent);
        });
  }

  @Override
  public HostCapacity capacity() {
    return HostMemory.read(engine, settings);
  }

  @Override
  public String hostAddressFromSandbox() {
    return network.ensure().gateway();
  }

  @Override
  public void openHostPorts(Set<Integer> ports) {
    if (hostPorts.want(ports)) isolation.applyWhenPossible();
  }

  @Override
  public Optional<String> isolationFailure() {
    return isolation.failure();
  }

  /** Puts the firewall in place now. */
  public void isolate() {
    isolation.apply();
  }

  /** Takes the firewall's rules of this installation away; no process may start after it. */
  public void removeIsolation() {
    isolation.removeAll();
  }

  private void requireSnapshot(String snapshot) {
    engine.tell(
        "inspect image " + snapshot,
        docker -> {
          try {
            docker.inspectImageCmd(snapshot).exec();
          } catch (NotFoundException missing) {
            throw imageMissing(snapshot, missing);
          }
        });
  }

  private static SandboxException imageMissing(String snapshot, Throwable cause) {
    return new SandboxException(
        Reason.IMAGE_MISSING,
        "snapshot: " + snapshot + " is not on this host (expected: built by scripts/up)",
        cause);
  }

  private InspectVolumeResponse requireHome(SandboxId id) {
    return homes
        .inspect(id)
        .orElseThrow(
            () -> new SandboxException(Reason.NOT_FOUND, "sandbox: " + id + " is not there"));
  }

  /** Makes a container that does not run; one of the same name is a leftover and removed first. */
  private String make(DockerContainerSpec spec, Fence fence) {
    network.ensure();
    removeFormer(spec.name(), fence.attempt());
    String made;
    try {
      made = containers.create(spec);
    } catch (SandboxException refused) {
      if (refused.reason() == Reason.IMAGE_MISSING) {
        throw imageMissing(spec.snapshot(), refused);
      }
      throw refused;
    }
    // The home may have been removed or replaced since the check. From now on it cannot be, since a
    // container uses it.
    try {
      fence.requireHome(spec.id(), homes.generation(spec.id()).filter(DockerLabels::isHome));
      return made;
    } catch (SandboxException otherHome) {
      containers.remove(made);
      homes.removeEngineMade(spec.id());
      throw otherHome;
    }
  }

  @Override
  public void close() {
    isolation.close();
    hostPorts.close();
    engine.close();
  }
}
