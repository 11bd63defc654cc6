package dev.chowder.remote;

import dev.chowder.engine.v1.CreateSandboxRequest;
import dev.chowder.engine.v1.CreateSandboxResponse;
import dev.chowder.engine.v1.EngineServiceGrpc.EngineServiceImplBase;
import dev.chowder.engine.v1.FreezeProcessRequest;
import dev.chowder.engine.v1.FreezeProcessResponse;
import dev.chowder.engine.v1.GetEndingRequest;
import dev.chowder.engine.v1.GetEndingResponse;
import dev.chowder.engine.v1.GetEndpointRequest;
import dev.chowder.engine.v1.GetEndpointResponse;
import dev.chowder.engine.v1.GetMemoryRequest;
import dev.chowder.engine.v1.GetMemoryResponse;
import dev.chowder.engine.v1.GetReferenceRequest;
import dev.chowder.engine.v1.ListSandboxesRequest;
import dev.chowder.engine.v1.ListSandboxesResponse;
import dev.chowder.engine.v1.Observation;
import dev.chowder.engine.v1.ObserveSandboxRequest;
import dev.chowder.engine.v1.PageOutProcessRequest;
import dev.chowder.engine.v1.PageOutProcessResponse;
import dev.chowder.engine.v1.PrepareProcessRequest;
import dev.chowder.engine.v1.PrepareProcessResponse;
import dev.chowder.engine.v1.ReadLogsRequest;
import dev.chowder.engine.v1.ReadLogsResponse;
import dev.chowder.engine.v1.Reference;
import dev.chowder.engine.v1.RemoveProcessesRequest;
import dev.chowder.engine.v1.RemoveProcessesResponse;
import dev.chowder.engine.v1.RemoveSandboxRequest;
import dev.chowder.engine.v1.RemoveSandboxResponse;
import dev.chowder.engine.v1.StartProcessRequest;
import dev.chowder.engine.v1.StartProcessResponse;
import dev.chowder.engine.v1.StopProcessRequest;
import dev.chowder.engine.v1.StopProcessResponse;
import dev.chowder.engine.v1.ThawProcessRequest;
import dev.chowder.engine.v1.ThawProcessResponse;
import dev.chowder.engine.v1.WatchSandboxesRequest;
import dev.chowder.engine.v1.WatchSandboxesResponse;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxSpec;
import io.grpc.stub.StreamObserver;

/** Serves the verbs of an engine. */
final class SandboxCalls extends EngineServiceImplBase {
  /** A limit of the protocol. */
  private static final int LISTED_AT_ONCE = 1000;

  private final SandboxEngine engine;
  private final int maxWaitingEvents;

  SandboxCalls(SandboxEngine engine, int maxWaitingEvents) {
    this.engine = engine;
    this.maxWaitingEvents = maxWaitingEvents;
  }

  @Override
  public void createSandbox(
      CreateSandboxRequest request, StreamObserver<CreateSandboxResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          engine.create(
              new SandboxSpec(
                  EngineMessages.sandbox(request.getSandboxId()),
                  request.getOrganizationId(),
                  request.getSnapshot(),
                  request.getGeneration(),
                  EngineMessages.fromWire(request.getResources())));
          return CreateSandboxResponse.getDefaultInstance();
        });
  }

  @Override
  public void getReference(GetReferenceRequest request, StreamObserver<Reference> out) {
    HandlerCall.unary(
        out,
        () -> {
          var ref = engine.ref(EngineMessages.sandbox(request.getSandboxId()));
          return Reference.newBuilder()
              .setEngine(ref.engine())
              .setHost(ref.host())
              .setId(ref.id())
              .build();
        });
  }

  @Override
  public void prepareProcess(
      PrepareProcessRequest request, StreamObserver<PrepareProcessResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          engine.prepare(
              EngineMessages.sandbox(request.getSandboxId()),
              EngineMessages.fromWire(request.getFence()),
              EngineMessages.fromWire(request.getProcess()));
          return PrepareProcessResponse.getDefaultInstance();
        });
  }

  @Override
  public void startProcess(StartProcessRequest request, StreamObserver<StartProcessResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var endpoint =
              engine.start(
                  EngineMessages.sandbox(request.getSandboxId()),
                  EngineMessages.fromWire(request.getFence()),
                  EngineMessages.fromWire(request.getProcess()));
          return StartProcessResponse.newBuilder()
              .setEndpoint(EngineMessages.toWire(endpoint))
              .build();
        });
  }

  @Override
  public void stopProcess(StopProcessRequest request, StreamObserver<StopProcessResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var stopped =
              engine.stop(
                  EngineMessages.sandbox(request.getSandboxId()),
                  request.getAttempt(),
                  EngineMessages.fromWire(request.getGrace()));
          return StopProcessResponse.newBuilder()
              .setWasRunning(stopped.wasRunning())
              .setKilled(stopped.killed())
              .setExitCode(stopped.exitCode())
              .build();
        });
  }

  @Override
  public void freezeProcess(
      FreezeProcessRequest request, StreamObserver<FreezeProcessResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          int attempt =
              engine.freeze(EngineMessages.sandbox(request.getSandboxId()), request.getAttempt());
          return FreezeProcessResponse.newBuilder().setAttempt(attempt).build();
        });
  }

  @Override
  public void thawProcess(ThawProcessRequest request, StreamObserver<ThawProcessResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var response = ThawProcessResponse.newBuilder();
          engine
              .thaw(
                  EngineMessages.sandbox(request.getSandboxId()),
                  EngineMessages.fromWire(request.getFence()),
                  request.getBoot(),
                  EngineMessages.fromWire(request.getProcess()))
              .ifPresent(endpoint -> response.setEndpoint(EngineMessages.toWire(endpoint)));
          return response.build();
        });
  }

  @Override
  public void pageOutProcess(
      PageOutProcessRequest request, StreamObserver<PageOutProcessResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var memory =
              engine.pageOut(EngineMessages.sandbox(request.getSandboxId()), request.getAttempt());
          return PageOutProcessResponse.newBuilder()
              .setMemory(EngineMessages.toWire(memory))
              .build();
        });
  }

  @Override
  public void getMemory(GetMemoryRequest request, StreamObserver<GetMemoryResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var response = GetMemoryResponse.newBuilder();
          engine
              .memory(EngineMessages.sandbox(request.getSandboxId()))
              .ifPresent(memory -> response.setMemory(EngineMessages.toWire(memory)));
          return response.build();
        });
  }

  @Override
  public void removeProcesses(
      RemoveProcessesRequest request, StreamObserver<RemoveProcessesResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          engine.removeProcesses(
              EngineMessages.sandbox(request.getSandboxId()), request.getAttempt());
          return RemoveProcessesResponse.getDefaultInstance();
        });
  }

  @Override
  public void removeSandbox(
      RemoveSandboxRequest request, StreamObserver<RemoveSandboxResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          boolean removed =
              engine.remove(
                  EngineMessages.sandbox(request.getSandboxId()),
                  EngineMessages.fromWire(request.getFence()));
          return RemoveSandboxResponse.newBuilder().setRemoved(removed).build();
        });
  }

  @Override
  public void observeSandbox(ObserveSandboxRequest request, StreamObserver<Observation> out) {
    HandlerCall.unary(
        out,
        () ->
            EngineMessages.toWire(engine.observe(EngineMessages.sandbox(request.getSandboxId()))));
  }

  @Override
  public void getEnding(GetEndingRequest request, StreamObserver<GetEndingResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var ending = engine.howEnded(EngineMessages.sandbox(request.getSandboxId()));
          return GetEndingResponse.newBuilder().setEnding(EngineMessages.toWire(ending)).build();
        });
  }

  @Override
  public void getEndpoint(GetEndpointRequest request, StreamObserver<GetEndpointResponse> out) {
    HandlerCall.unary(
        out,
        () -> {
          var response = GetEndpointResponse.newBuilder();
          engine
              .endpoint(EngineMessages.sandbox(request.getSandboxId()), request.getPort())
              .ifPresent(endpoint -> response.setEndpoint(EngineMessages.toWire(endpoint)));
          return response.build();
        });
  }

  @Override
  public void listSandboxes(
      ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> out) {
    HandlerCall.responses(
        out,
        call -> {
          var all = engine.list().stream().map(EngineMessages::toWire).toList();
          for (int from = 0; from < all.size(); from += LISTED_AT_ONCE) {
            var some = all.subList(from, Math.min(all.size(), from + LISTED_AT_ONCE));
            call.send(ListSandboxesResponse.newBuilder().addAllSandboxes(some).build());
          }
        });
  }

  @Override
  public void readLogs(ReadLogsRequest request, StreamObserver<ReadLogsResponse> out) {
    HandlerCall.responses(
        out,
        call ->
            LogLines.send(
                call,
                reader ->
                    engine.logs(
                        EngineMessages.sandbox(request.getSandboxId()),
                        request.getLines(),
                        request.getFollow(),
                        reader)));
  }

  @Override
  public void watchSandboxes(
      WatchSandboxesRequest request, StreamObserver<WatchSandboxesResponse> out) {
    HandlerCall.responses(out, call -> Events.send(call, engine::watch, maxWaitingEvents));
  }
}
