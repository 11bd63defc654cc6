package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.google.protobuf.ByteString;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxHost;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.StopResult;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Implements sandboxes on Docker. Each has one volume, which one container after another uses: one
 * for a task, then one for the main process. Does not know what the commands do.
 */
public final class DockerSandboxEngine implements SandboxEngine {
  private final DockerSandboxSettings settings;
  private final DockerApi engine;
  private final DockerNetwork network;
  private final ContainerNames names = new ContainerNames();
  private final SandboxUsers users;
  private final DockerContainers containers;
  private final DockerHomes volumes;
  private final DockerLauncher launcher;
  private final DockerLogs logs;
  private final DockerObservations observations;
  private final LastEnds lastEnds = new LastEnds();
  private final DockerEndings endings;
  private final DockerSleep sleep;
  private final DockerTasks tasks;
  private final DockerHomeFiles homes;
  private final DockerHost host;
  private final DockerIdentity identity;
  private final AtomicInteger restarts = new AtomicInteger();
  private @Nullable DockerEvents restartWatch;

  public DockerSandboxEngine(DockerSandboxSettings settings) {
    this.settings = settings;
    this.engine = new DockerApi(settings);
    this.network = new DockerNetwork(engine, settings);
    this.users = new SandboxUsers(engine, settings);
    this.containers = new DockerContainers(engine, settings, names, users);
    this.volumes = new DockerHomes(engine, settings);
    this.host = new DockerHost(settings, engine, network);
    this.identity = new DockerIdentity(engine, System::nanoTime);
    var files = new DockerFiles(engine, settings);
    this.logs = new DockerLogs(engine, settings);
    var owner = new DockerHomeOwner(engine, settings, containers, volumes, files, logs);
    this.launcher =
        new DockerLauncher(settings, engine, network, containers, volumes, owner, host.isolation());
    this.endings = new DockerEndings(engine, lastEnds);
    this.observations = new DockerObservations(settings, containers, volumes);
    this.sleep =
        new DockerSleep(
            settings,
            containers,
            host.isolation(),
            new DockerMemory(engine, settings),
            host::capacity);
    this.tasks = new DockerTasks(settings, engine, containers, volumes, launcher, files, logs);
    this.homes = new DockerHomeFiles(settings, engine, containers, volumes, launcher, files, logs);
  }

  @Override
  public void separate(ByteString key, BooleanSupplier allowed) {
    names.hide(key, allowed);
    users.allow(allowed);
  }

  @Override
  public void create(SandboxSpec spec) {
    launcher.requireSnapshot(spec.snapshot());
    network.ensure();
    volumes.create(spec);
  }

  @Override
  public SandboxRef ref(SandboxId id) {
    return identity.ref(id);
  }

  @Override
  public void prepare(SandboxId id, Fence fence, ProcessSpec process) {
    fence.requireHome(id, volumes.generation(id));
    var spec = DockerContainerSpec.ofMainProcess(id, fence.attempt(), process);
    Optional<InspectContainerResponse> existing = containers.find(id, spec.role());
    if (existing.isPresent()) {
      DockerContainers.requireNotLater(existing.get(), fence.attempt());
    } else {
      launcher.create(spec, fence);
    }
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    fence.requireHome(id, volumes.generation(id));
    var spec = DockerContainerSpec.ofMainProcess(id, fence.attempt(), process);
    // Two processes must never share a home directory.
    launcher.removePrevious(id, DockerLabels.TASK, fence.attempt());
    Optional<InspectContainerResponse> previous = containers.find(id, spec.role());
    previous.ifPresent(found -> DockerContainers.requireNotLater(found, fence.attempt()));
    if (previous.isPresent() && !canStart(previous.get(), spec)) {
      stop(id, fence.attempt(), settings.replaceTimeout());
      containers.remove(previous.get().getId());
      previous = Optional.empty();
    }
    String created = previous.isPresent() ? previous.get().getId() : launcher.create(spec, fence);
    String container = launcher.start(spec, fence, created);
    return containers
        .inspect(container)
        .flatMap(DockerObservations::endpoint)
        .orElseThrow(() -> endedAtOnce(container));
  }

  private boolean canStart(InspectContainerResponse container, DockerContainerSpec spec) {
    return spec.describes(container, settings)
        && users.agree(spec.id(), container)
        && !DockerContainers.paused(container);
  }

  private SandboxException endedAtOnce(String container) {
    String output = containers.inspect(container).isEmpty() ? "" : logs.tail(container, 1024);
    return new SandboxException(
        Reason.REFUSED,
        cannot("start the main process", "it ended immediately: " + output.strip()));
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    Optional<InspectContainerResponse> found = containers.find(id, DockerLabels.GATEWAY);
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
    fence.requireHome(id, volumes.generation(id));
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
  public Optional<Duration> processorTime(SandboxId id) {
    return sleep.processorTime(id);
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    var _ = launcher.remove(id, attempt);
  }

  @Override
  public boolean remove(SandboxId id, Fence fence) {
    long deadline = System.nanoTime() + settings.removeTimeout().toNanos();
    while (true) {
      int later = launcher.remove(id, fence.attempt());
      // A volume is in use if a concurrent call created a container meanwhile, or if a later
      // attempt uses it.
      boolean removed = volumes.remove(id, fence);
      if (removed || later > 0) {
        return later == 0 && volumes.generation(id).isEmpty();
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

  @Override
  public SandboxObservation observe(SandboxId id) {
    return observations.observe(id);
  }

  @Override
  public Ending howEnded(SandboxId id) {
    return containers
        .find(id, DockerLabels.GATEWAY)
        .filter(container -> !DockerContainers.runs(container))
        .map(endings::of)
        .orElse(Ending.WITH_ENGINE);
  }

  @Override
  public Optional<SandboxEndpoint> endpoint(SandboxId id, int port) {
    return observations.address(id).map(address -> new SandboxEndpoint(address, port));
  }

  @Override
  public List<SandboxObservation> list() {
    return observations.list();
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    String container =
        containers
            .find(id, DockerLabels.GATEWAY)
            .filter(DockerContainers::wasStarted)
            .map(InspectContainerResponse::getId)
            .orElseThrow(
                () ->
                    SandboxException.notFound("read the logs of " + id, "it has no main process"));
    return logs.read(container, lines, follow, reader);
  }

  @Override
  public AutoCloseable watch(Consumer<SandboxEvent> onEvent) {
    return new DockerEvents(
        engine,
        settings,
        lastEnds,
        (id, what) -> onEvent.accept(new SandboxEvent(id, what)),
        () -> {
          host.isolation().apply();
          list().stream()
              .filter(
                  observed ->
                      !(observed.mainProcess() instanceof SandboxObservation.MainProcess.Up))
              .map(
                  observed ->
                      new SandboxEvent(observed.id(), "found after the engine was reachable again"))
              .forEach(onEvent);
        },
        restarts::incrementAndGet);
  }

  /** Each node follows the events for this, since only one of them receives events otherwise. */
  @Override
  public synchronized int restarts() {
    if (restartWatch == null) {
      restartWatch =
          new DockerEvents(
              engine, settings, new LastEnds(), (_, _) -> {}, () -> {}, restarts::incrementAndGet);
    }
    return restarts.get();
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
  public SandboxHost host() {
    return host;
  }

  /** Puts the firewall rules in place now. */
  public void isolate() {
    host.isolation().apply();
  }

  /** Removes this installation's firewall rules. No process may start afterwards. */
  public void removeIsolation() {
    host.isolation().removeAll();
  }

  @Override
  public synchronized void close() {
    if (restartWatch != null) restartWatch.close();
    sleep.close();
    host.close();
    engine.close();
  }
}
