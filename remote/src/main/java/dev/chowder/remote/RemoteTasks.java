package dev.chowder.remote;

import dev.chowder.engine.v1.ExecuteCommandRequest;
import dev.chowder.engine.v1.RunTaskRequest;
import dev.chowder.engine.v1.TaskServiceGrpc;
import dev.chowder.engine.v1.TaskServiceGrpc.TaskServiceBlockingV2Stub;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.TaskResult;
import dev.chowder.sandbox.TaskSpec;
import java.time.Duration;
import java.util.List;

/** Runs tasks and commands by an engine in another process. */
final class RemoteTasks implements SandboxTasks {
  private final EngineConnection connection;
  private final TaskServiceBlockingV2Stub stub;

  RemoteTasks(EngineConnection connection) {
    this.connection = connection;
    this.stub = TaskServiceGrpc.newBlockingV2Stub(connection.channel());
  }

  @Override
  public TaskResult run(SandboxId id, Fence fence, TaskSpec task, Duration limit) {
    var request =
        RunTaskRequest.newBuilder()
            .setSandboxId(id.value())
            .setFence(EngineMessages.toWire(fence))
            .setSnapshot(task.snapshot())
            .setOrganizationId(task.organizationId())
            .addAllCommand(task.command())
            .addAllFiles(task.files().stream().map(EngineMessages::toWire).toList())
            .setResources(EngineMessages.toWire(task.resources()))
            .setLimit(EngineMessages.toWire(limit))
            .build();
    var result = connection.call("run the task", stub, limit, tasks -> tasks.runTask(request));
    return EngineMessages.fromWire(result);
  }

  @Override
  public TaskResult exec(SandboxId id, List<String> command, Duration limit) {
    var request =
        ExecuteCommandRequest.newBuilder()
            .setSandboxId(id.value())
            .addAllCommand(command)
            .setLimit(EngineMessages.toWire(limit))
            .build();
    var result =
        connection.call(
            "run the command in " + id, stub, limit, tasks -> tasks.executeCommand(request));
    return EngineMessages.fromWire(result);
  }
}
