package dev.chowder.remote;

import dev.chowder.engine.v1.ExecuteCommandRequest;
import dev.chowder.engine.v1.RunTaskRequest;
import dev.chowder.engine.v1.TaskResult;
import dev.chowder.engine.v1.TaskServiceGrpc.TaskServiceImplBase;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.TaskSpec;
import io.grpc.stub.StreamObserver;

/** Serves the tasks of an engine. */
final class TaskCalls extends TaskServiceImplBase {
  private final SandboxTasks tasks;

  TaskCalls(SandboxTasks tasks) {
    this.tasks = tasks;
  }

  @Override
  public void runTask(RunTaskRequest request, StreamObserver<TaskResult> out) {
    HandlerCall.unary(
        out,
        () ->
            EngineMessages.toWire(
                tasks.run(
                    EngineMessages.sandbox(request.getSandboxId()),
                    EngineMessages.fromWire(request.getFence()),
                    new TaskSpec(
                        request.getSnapshot(),
                        request.getOrganizationId(),
                        request.getCommandList(),
                        request.getFilesList().stream().map(EngineMessages::fromWire).toList(),
                        EngineMessages.fromWire(request.getResources())),
                    EngineMessages.fromWire(request.getLimit()))));
  }

  @Override
  public void executeCommand(ExecuteCommandRequest request, StreamObserver<TaskResult> out) {
    HandlerCall.unary(
        out,
        () ->
            EngineMessages.toWire(
                tasks.exec(
                    EngineMessages.sandbox(request.getSandboxId()),
                    request.getCommandList(),
                    EngineMessages.fromWire(request.getLimit()))));
  }
}
