package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

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
 * Implements sandboxes on Docker. Each has one volume, which one container after another uses:
 * {@code <id>-task} for a task, {@code <id>-gateway} for the main process. Does not know what the
 * commands do.
 */
public final class DockerSandboxDriver implements SandboxDriver {
  private static final int OUTPUT_BYTES = 16 * 1024;

  /** The engine's names of the states in which a container's process has not ended. */
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
  private final DockerSleep sleep;
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
    this.sleep =
        new DockerSleep(
            settings, containers, isolation, new DockerMemory(engine, settings), this::capacity);
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
    String created = createContainer(spec, fence);
    files.writeStopped(created, task.files());
    String container = startIsolated(spec, fence, created);
    Optional<InspectContainerResponse> ended = containers.awaitEnd(container, limit);
    if (ended.isEmpty()) {
      if (containers.inspect(container).isEmpty()) {
        throw new SandboxException(
            Reason.NOT_FOUND, cannot("run the task", "its container was removed while it ran"));
      }
      containers.signal(container, "KILL");
      throw new SandboxException(
          Reason.TIMED_OUT,
          cannot(
              "run the task", "it did not end within " + limit.toMillis() + " ms and was killed"));
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
                        cannot("run the command in " + id, "its main process does not run")));
    return DockerExec.run(engine, container.getId(), command, limit, OUTPUT_BYTES);
  }

  @Override
  public void prepare(SandboxId id, Fence fence, ProcessSpec process) {
    fence.requireHome(id, homes.generation(id));
    var spec = DockerContainerSpec.ofMainProcess(id, fence.attempt(), process);
    Optional<InspectContainerResponse> existing = containers.inspect(spec.name());
    if (existing.isPresent()) {
      DockerContainers.requireNotLater(existing.get(), fence.attempt());
    } else {
      createContainer(spec, fence);
    }
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    fence.requireHome(id, homes.generation(id));
    var spec = DockerContainerSpec.ofMainProcess(id, fence.attempt(), process);
    // Two processes must never share a home directory.
    removePrevious(DockerContainers.name(id, DockerLabels.TASK), fence.attempt());
    Optional<InspectContainerResponse> previous = containers.inspect(spec.name());
    previous.ifPresent(found -> DockerContainers.requireNotLater(found, fence.attempt()));
    if (previous.isPresent() && !canStart(previous.get(), spec)) {
      stop(id, fence.attempt(), settings.replaceTimeout());
      containers.remove(previous.get().getId());
      previous = Optional.empty();
    }
    String created = previous.isPresent() ? previous.get().getId() : createContainer(spec, fence);
    String container = startIsolated(spec, fence, created);
    return containers
        .inspect(container)
        .flatMap(DockerObservations::endpoint)
        .orElseThrow(() -> endedAtOnce(container));
  }

  /**
   * Starts a container of this spec and returns its id. It is another container if the given one
   * had to be replaced.
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
      // The network was removed, which the engine allows while no container on it runs. A container
      // stays bound to the network that it was created for, so it must be replaced.
      network.forget();
      String replacement = createContainer(spec, fence);
      isolation.apply();
      containers.start(replacement);
      return replacement;
    }
  }

  private boolean canStart(InspectContainerResponse container, DockerContainerSpec spec) {
    return spec.describes(container, settings) && !DockerContainers.paused(container);
  }

  private SandboxException endedAtOnce(String container) {
    String output = containers.inspect(container).isEmpty() ? "" : logs.tail(container, 1024);
    return new SandboxException(
        Reason.REFUSED,
        cannot("start the main process", "it ended immediately: " + output.strip()));
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    String name = DockerContainers.name(id, DockerLabels.GATEWAY);
    Optional<InspectContainerResponse> found = containers.inspect(name);
    found.ifPresent(running -> DockerContainers.requireNotLater(running, attempt));
    if (found.isEmpty() || !DockerContainers.runs(found.get())) {
      return new StopResult(
          false, false, found.map(c -> DockerObservations.exitCode(c.getState())).orElse(0));
    }
    String container = found.get().getId();
    boolean frozen = DockerContainers.paused(found.get());
    Optional<InspectContainerResponse> ended = Optional.empty();
    if (grace.isPositive()) {
      containers.signal(container, "TERM");
      // A frozen process gets the signal only after it is thawed.
      if (frozen) sleep.wake(found.get());
      ended = containers.awaitEnd(container, grace);
    }
    boolean killed = ended.isEmpty() && containers.inspect(container).isPresent();
    if (killed) {
      containers.signal(container, "KILL");
      // With cgroup v1, a frozen process ends only after it is thawed. It runs no code of its own
      // then.
      if (frozen) containers.unpause(container);
      ended = containers.awaitEnd(container, settings.callTimeout());
      if (ended.isEmpty() && containers.inspect(container).isPresent()) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            cannot(
                "stop the main process",
                "it still runs " + settings.callTimeout().toMillis() + " ms after SIGKILL"));
      }
    }
    return new StopResult(
        true, killed, ended.map(c -> DockerObservations.exitCode(c.getState())).orElse(0));
  }

  @Override
  public int freeze(SandboxId id, int attempt) {
    return sleep.freeze(id, attempt);
  }

  @Override
  public Optional<SandboxEndpoint> thaw(SandboxId id, Fence fence, int boot, ProcessSpec process) {
    fence.requireHome(id, homes.generation(id));
    return sleep.thaw(DockerContainerSpec.ofMainProcess(id, boot, process), fence.attempt());
  }

  @Override
  public MemoryUse pageOut(SandboxId id, int attempt) {
    return sleep.pageOut(id, attempt);
  }

  @Override
  public Optional<MemoryUse> memory(SandboxId id) {
    return sleep.memory(id);
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    var _ = removeContainers(id, attempt);
  }

  /**
   * Removes the containers of this attempt and earlier ones, and returns how many of later attempts
   * stay. Removes by id, because another container may have the name now.
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
      // A volume is in use if a concurrent call created a container meanwhile, or if a later
      // attempt uses it.
      boolean removed = homes.remove(id, fence);
      if (removed || later > 0) {
        return later == 0 && homes.generation(id).isEmpty();
      }
      if (System.nanoTime() - deadline >= 0) {
        throw new SandboxException(
            Reason.TIMED_OUT,
            cannot(
                "remove " + id,
                "its volume is still in use after " + settings.removeTimeout().toMillis() + " ms"));
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

  private void removePrevious(String name, int attempt) {
    containers
        .inspect(name)
        .ifPresent(
            previous -> {
              DockerContainers.requireNotLater(previous, attempt);
              containers.remove(previous.getId());
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
    gateway.ifPresent(running -> DockerContainers.requireNotLater(running, fence.attempt()));
    String container = anyContainer(id, gateway);
    // Checked only now, because the home volume cannot be replaced while this container uses it.
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

  /**
   * Returns a container through which files can be accessed. Creates one that never starts if the
   * sandbox has none. The first container of a home fills its volume from the image, so this one
   * has the home's own image, unless that image no longer exists.
   */
  private String anyContainer(SandboxId id, Optional<InspectContainerResponse> gateway) {
    return gateway
        .or(() -> containers.inspect(DockerContainers.name(id, DockerLabels.TASK)))
        .map(InspectContainerResponse::getId)
        .orElseGet(() -> createHolder(id));
  }

  private String createHolder(SandboxId id) {
    InspectVolumeResponse home = requireHome(id);
    String organization = DockerHomes.label(home, DockerLabels.ORGANIZATION);
    try {
      return createHolder(id, organization, DockerHomes.label(home, DockerLabels.SNAPSHOT));
    } catch (SandboxException refused) {
      if (refused.reason() != Reason.IMAGE_MISSING) throw refused;
      // A volume can outlive its image.
      return createHolder(id, organization, settings.helperImage());
    }
  }

  private String createHolder(SandboxId id, String organization, String image) {
    var spec =
        new DockerContainerSpec(
            id,
            organization,
            DockerLabels.TASK,
            0,
            image,
            List.of("true"),
            Map.of(),
            Optional.empty());
    return createContainer(spec, Fence.ofAttempt(0));
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    String name = DockerContainers.name(id, DockerLabels.GATEWAY);
    String container =
        containers
            .inspect(name)
            .filter(DockerContainers::wasStarted)
            .map(InspectContainerResponse::getId)
            .orElseThrow(
                () ->
                    new SandboxException(
                        Reason.NOT_FOUND,
                        cannot("read the logs of " + id, "it has no main process")));
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
              .filter(
                  observed ->
                      !(observed.mainProcess() instanceof SandboxObservation.MainProcess.Up))
              .map(
                  observed ->
                      new SandboxEvent(observed.id(), "found after the engine was reachable again"))
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
    if (hostPorts.setRequired(ports)) isolation.applyWhenPossible();
  }

  @Override
  public Optional<String> isolationFailure() {
    return isolation.failure();
  }

  /** Puts the firewall rules in place now. */
  public void isolate() {
    isolation.apply();
  }

  /** Removes this installation's firewall rules. No process may start afterwards. */
  public void removeIsolation() {
    isolation.removeAll();
  }

  private void requireSnapshot(String snapshot) {
    engine.run(
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
        cannot(
            "use snapshot " + snapshot,
            "its image does not exist on this host",
            "run scripts/up to build it"),
        cause);
  }

  private InspectVolumeResponse requireHome(SandboxId id) {
    return homes
        .inspect(id)
        .orElseThrow(
            () ->
                new SandboxException(
                    Reason.NOT_FOUND, cannot("access " + id, "its home volume does not exist")));
  }

  /** Creates a container that does not run, after removing an old one of the same name. */
  private String createContainer(DockerContainerSpec spec, Fence fence) {
    network.ensure();
    removePrevious(spec.name(), fence.attempt());
    String created;
    try {
      created = containers.create(spec);
    } catch (SandboxException refused) {
      if (refused.reason() == Reason.IMAGE_MISSING) {
        throw imageMissing(spec.snapshot(), refused);
      }
      throw refused;
    }
    // The home volume may have been removed or replaced since the check. From now on this is
    // impossible, because a container uses it.
    try {
      fence.requireHome(spec.id(), homes.generation(spec.id()).filter(DockerLabels::isHome));
      return created;
    } catch (SandboxException otherHome) {
      containers.remove(created);
      homes.removeEngineCreated(spec.id());
      throw otherHome;
    }
  }

  @Override
  public void close() {
    sleep.close();
    isolation.close();
    hostPorts.close();
    engine.close();
  }
}
