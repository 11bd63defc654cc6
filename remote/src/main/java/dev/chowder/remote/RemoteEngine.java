package dev.chowder.remote;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.engine.v1.CreateSandboxRequest;
import dev.chowder.engine.v1.EngineServiceGrpc;
import dev.chowder.engine.v1.EngineServiceGrpc.EngineServiceBlockingV2Stub;
import dev.chowder.engine.v1.FreezeProcessRequest;
import dev.chowder.engine.v1.GetEndingRequest;
import dev.chowder.engine.v1.GetEndpointRequest;
import dev.chowder.engine.v1.GetMemoryRequest;
import dev.chowder.engine.v1.GetReferenceRequest;
import dev.chowder.engine.v1.ListSandboxesRequest;
import dev.chowder.engine.v1.ObserveSandboxRequest;
import dev.chowder.engine.v1.PageOutProcessRequest;
import dev.chowder.engine.v1.PrepareProcessRequest;
import dev.chowder.engine.v1.ReadLogsRequest;
import dev.chowder.engine.v1.RemoveProcessesRequest;
import dev.chowder.engine.v1.RemoveSandboxRequest;
import dev.chowder.engine.v1.StartProcessRequest;
import dev.chowder.engine.v1.StopProcessRequest;
import dev.chowder.engine.v1.ThawProcessRequest;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.EngineIdentity;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A sandbox engine in another process, which serves {@code chowder.engine.v1} on a Unix domain
 * socket. A process that does not respond is an engine that does not respond ({@code
 * ENGINE_UNREACHABLE}). An interrupt of a caller cancels its call.
 */
public final class RemoteEngine implements SandboxEngine {
  private final EngineConnection connection;
  private final EngineServiceBlockingV2Stub stub;
  private final SandboxTasks tasks;
  private final SandboxHomes homes;
  private final RemoteHost host;
  private final EngineIdentity identity;

  /**
   * Creates an engine, without waiting until its process responds.
   *
   * @throws IllegalArgumentException if the settings name no socket
   */
  public RemoteEngine(RemoteSettings settings) {
    this.connection = new EngineConnection(settings);
    this.stub = EngineServiceGrpc.newBlockingV2Stub(connection.channel());
    this.tasks = new RemoteTasks(connection);
    this.homes = new RemoteHomes(connection);
    this.host = new RemoteHost(connection);
    this.identity = new EngineIdentity(connection::losses, System::nanoTime, this::readRef);
  }

  @Override
  public void create(SandboxSpec spec) {
    var request =
        CreateSandboxRequest.newBuilder()
            .setSandboxId(spec.id().value())
            .setOrganizationId(spec.organizationId())
            .setSnapshot(spec.snapshot())
            .setGeneration(spec.generation())
            .setResources(EngineMessages.toWire(spec.resources()))
            .build();
    connection.call("create " + spec.id(), stub, engine -> engine.createSandbox(request));
  }

  @Override
  public SandboxRef ref(SandboxId id) {
    return identity.ref(id);
  }

  private SandboxRef readRef(SandboxId id) {
    var request = GetReferenceRequest.newBuilder().setSandboxId(id.value()).build();
    return connection.call(
        "read the engine's identity",
        stub,
        engine -> EngineMessages.fromWire(engine.getReference(request)));
  }

  @Override
  public void prepare(SandboxId id, Fence fence, ProcessSpec process) {
    var request =
        PrepareProcessRequest.newBuilder()
            .setSandboxId(id.value())
            .setFence(EngineMessages.toWire(fence))
            .setProcess(EngineMessages.toWire(process))
            .build();
    connection.call("prepare " + id, stub, engine -> engine.prepareProcess(request));
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    var request =
        StartProcessRequest.newBuilder()
            .setSandboxId(id.value())
            .setFence(EngineMessages.toWire(fence))
            .setProcess(EngineMessages.toWire(process))
            .build();
    return EngineMessages.fromWire(
        connection.call("start " + id, stub, engine -> engine.startProcess(request)).getEndpoint());
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    var request =
        StopProcessRequest.newBuilder()
            .setSandboxId(id.value())
            .setAttempt(attempt)
            .setGrace(EngineMessages.toWire(grace))
            .build();
    var stopped = connection.call("stop " + id, stub, grace, engine -> engine.stopProcess(request));
    return new StopResult(stopped.getWasRunning(), stopped.getKilled(), stopped.getExitCode());
  }

  @Override
  public int freeze(SandboxId id, int attempt) {
    var request =
        FreezeProcessRequest.newBuilder().setSandboxId(id.value()).setAttempt(attempt).build();
    return connection
        .call("freeze " + id, stub, engine -> engine.freezeProcess(request))
        .getAttempt();
  }

  @Override
  public Optional<SandboxEndpoint> thaw(SandboxId id, Fence fence, int boot, ProcessSpec process) {
    var request =
        ThawProcessRequest.newBuilder()
            .setSandboxId(id.value())
            .setFence(EngineMessages.toWire(fence))
            .setBoot(boot)
            .setProcess(EngineMessages.toWire(process))
            .build();
    var thawed = connection.call("thaw " + id, stub, engine -> engine.thawProcess(request));
    return thawed.hasEndpoint()
        ? Optional.of(EngineMessages.fromWire(thawed.getEndpoint()))
        : Optional.empty();
  }

  @Override
  public MemoryUse pageOut(SandboxId id, int attempt) {
    var request =
        PageOutProcessRequest.newBuilder().setSandboxId(id.value()).setAttempt(attempt).build();
    return EngineMessages.fromWire(
        connection
            .call("page out " + id, stub, engine -> engine.pageOutProcess(request))
            .getMemory());
  }

  @Override
  public Optional<MemoryUse> memory(SandboxId id) {
    var request = GetMemoryRequest.newBuilder().setSandboxId(id.value()).build();
    var response =
        connection.call("read the memory of " + id, stub, engine -> engine.getMemory(request));
    return response.hasMemory()
        ? Optional.of(EngineMessages.fromWire(response.getMemory()))
        : Optional.empty();
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    var request =
        RemoveProcessesRequest.newBuilder().setSandboxId(id.value()).setAttempt(attempt).build();
    connection.call(
        "remove the processes of " + id, stub, engine -> engine.removeProcesses(request));
  }

  @Override
  public boolean remove(SandboxId id, Fence fence) {
    var request =
        RemoveSandboxRequest.newBuilder()
            .setSandboxId(id.value())
            .setFence(EngineMessages.toWire(fence))
            .build();
    return connection
        .call("remove " + id, stub, engine -> engine.removeSandbox(request))
        .getRemoved();
  }

  @Override
  public SandboxObservation observe(SandboxId id) {
    var request = ObserveSandboxRequest.newBuilder().setSandboxId(id.value()).build();
    return connection.call(
        "observe " + id, stub, engine -> EngineMessages.fromWire(engine.observeSandbox(request)));
  }

  @Override
  public Ending howEnded(SandboxId id) {
    var request = GetEndingRequest.newBuilder().setSandboxId(id.value()).build();
    return EngineMessages.fromWire(
        connection
            .call("read how " + id + " ended", stub, engine -> engine.getEnding(request))
            .getEnding());
  }

  @Override
  public Optional<SandboxEndpoint> endpoint(SandboxId id, int port) {
    var request = GetEndpointRequest.newBuilder().setSandboxId(id.value()).setPort(port).build();
    var response =
        connection.call("find a port of " + id, stub, engine -> engine.getEndpoint(request));
    return response.hasEndpoint()
        ? Optional.of(EngineMessages.fromWire(response.getEndpoint()))
        : Optional.empty();
  }

  @Override
  public List<SandboxObservation> list() {
    var request = ListSandboxesRequest.getDefaultInstance();
    int most = connection.settings().maxSandboxes();
    var limit = connection.settings().callTimeout();
    var limited = EngineConnection.limited(stub, limit);
    List<SandboxObservation> all = new ArrayList<>();
    try (var stream = connection.open("list the sandboxes", () -> limited.listSandboxes(request))) {
      for (var part = stream.read(limit); part.isPresent(); part = stream.read(limit)) {
        var some = part.get().getSandboxesList();
        if (all.size() + some.size() > most) throw tooManySandboxes(most);
        all.addAll(stream.translated(() -> some.stream().map(EngineMessages::fromWire).toList()));
      }
    }
    return all;
  }

  private static SandboxException tooManySandboxes(int most) {
    return new SandboxException(
        SandboxException.Reason.REFUSED,
        cannot(
            "list the sandboxes",
            "the engine has more than " + most,
            "increase chowder.sandbox.remote.max-sandboxes"));
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    var request =
        ReadLogsRequest.newBuilder()
            .setSandboxId(id.value())
            .setLines(lines)
            .setFollow(follow)
            .build();
    var stream = connection.open("read the logs of " + id, () -> stub.readLogs(request));
    return RemoteLogs.start(stream, connection.settings().callTimeout(), reader);
  }

  @Override
  public AutoCloseable watch(Consumer<SandboxEvent> onEvent) {
    return RemoteWatch.start(
        connection,
        stub,
        onEvent,
        () -> {
          // Another process may respond now, and it reported no event while none was connected.
          host.connectedAgain();
          list().stream()
              .filter(seen -> !(seen.mainProcess() instanceof SandboxObservation.MainProcess.Up))
              .map(
                  seen -> new SandboxEvent(seen.id(), "found after the engine was reachable again"))
              .forEach(onEvent);
        });
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

  /**
   * Ends all calls and disconnects. The process of the engine and its sandboxes stay. A call that
   * begins meanwhile may never return, because gRPC can lose it, so callers must have ended.
   */
  @Override
  public void close() {
    host.close();
    connection.close();
  }
}
