package dev.chowder.remote;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Timestamp;
import dev.chowder.engine.v1.Endpoint;
import dev.chowder.engine.v1.Entry;
import dev.chowder.engine.v1.File;
import dev.chowder.engine.v1.Folder;
import dev.chowder.engine.v1.GetEndingResponse;
import dev.chowder.engine.v1.Observation;
import dev.chowder.engine.v1.Process;
import dev.chowder.engine.v1.Reference;
import dev.chowder.engine.v1.Resources;
import dev.chowder.engine.v1.TreeCount;
import dev.chowder.remote.EngineErrors.InvalidRequestException;
import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.FilePath;
import dev.chowder.sandbox.HomeFolder;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxFile;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.SandboxResources;
import dev.chowder.sandbox.TaskResult;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Translates the values of an engine into messages of the protocol, and back. */
final class EngineMessages {
  /** The limit of the output of a task. */
  private static final int OUTPUT_BYTES = 16 * 1024;

  private EngineMessages() {}

  static SandboxId sandbox(String id) {
    try {
      return new SandboxId(id);
    } catch (IllegalArgumentException wrong) {
      throw new InvalidRequestException(String.valueOf(wrong.getMessage()));
    }
  }

  static dev.chowder.engine.v1.Fence toWire(Fence fence) {
    var message = dev.chowder.engine.v1.Fence.newBuilder().setAttempt(fence.attempt());
    fence.home().ifPresent(message::setGeneration);
    return message.build();
  }

  static Fence fromWire(dev.chowder.engine.v1.Fence fence) {
    return fence.hasGeneration()
        ? new Fence(fence.getAttempt(), fence.getGeneration())
        : Fence.ofAttempt(fence.getAttempt());
  }

  static Resources toWire(SandboxResources resources) {
    return Resources.newBuilder()
        .setMemoryBytes(resources.memoryBytes())
        .setNanoCpus(resources.nanoCpus())
        .setMaxProcesses(resources.processes())
        .setDiskBytes(resources.diskBytes())
        .build();
  }

  static SandboxResources fromWire(Resources resources) {
    return new SandboxResources(
        resources.getMemoryBytes(),
        resources.getNanoCpus(),
        resources.getMaxProcesses(),
        resources.getDiskBytes());
  }

  static Process toWire(ProcessSpec process) {
    return Process.newBuilder()
        .setSnapshot(process.snapshot())
        .setOrganizationId(process.organizationId())
        .addAllCommand(process.command())
        .putAllEnvironment(process.environment())
        .setPort(process.port())
        .setResources(toWire(process.resources()))
        .build();
  }

  static ProcessSpec fromWire(Process process) {
    return new ProcessSpec(
        process.getSnapshot(),
        process.getOrganizationId(),
        process.getCommandList(),
        process.getEnvironmentMap(),
        process.getPort(),
        fromWire(process.getResources()));
  }

  static File toWire(SandboxFile file) {
    return withoutContent(file).toBuilder().setContent(file.content()).build();
  }

  static File withoutContent(SandboxFile file) {
    return File.newBuilder().setPath(file.path()).setMode(file.mode()).build();
  }

  static SandboxFile fromWire(File file) {
    return new SandboxFile(file.getPath(), file.getContent(), file.getMode());
  }

  static Endpoint toWire(SandboxEndpoint endpoint) {
    return Endpoint.newBuilder().setHost(endpoint.host()).setPort(endpoint.port()).build();
  }

  static SandboxEndpoint fromWire(Endpoint endpoint) {
    return new SandboxEndpoint(endpoint.getHost(), endpoint.getPort());
  }

  static Observation toWire(SandboxObservation observed) {
    var message = Observation.newBuilder().setSandboxId(observed.id().value());
    observed.home().ifPresent(message::setGeneration);
    switch (observed.mainProcess()) {
      case MainProcess.Missing() -> {}
      case MainProcess.Up(int attempt, var endpoint) ->
          message.setRunning(
              Observation.Running.newBuilder().setAttempt(attempt).setEndpoint(toWire(endpoint)));
      case MainProcess.Paused(int attempt) ->
          message.setFrozen(Observation.Frozen.newBuilder().setAttempt(attempt));
      case MainProcess.Ended(int attempt, int exitCode, boolean outOfMemory) ->
          message.setEnded(
              Observation.Ended.newBuilder()
                  .setAttempt(attempt)
                  .setExitCode(exitCode)
                  .setOutOfMemory(outOfMemory));
    }
    return message.build();
  }

  static SandboxObservation fromWire(Observation observed) {
    return new SandboxObservation(
        new SandboxId(observed.getSandboxId()),
        observed.hasGeneration() ? Optional.of(observed.getGeneration()) : Optional.empty(),
        switch (observed.getMainProcessCase()) {
          case RUNNING ->
              new MainProcess.Up(
                  observed.getRunning().getAttempt(),
                  fromWire(observed.getRunning().getEndpoint()));
          case FROZEN -> new MainProcess.Paused(observed.getFrozen().getAttempt());
          case ENDED ->
              new MainProcess.Ended(
                  observed.getEnded().getAttempt(),
                  observed.getEnded().getExitCode(),
                  observed.getEnded().getOutOfMemory());
          case MAINPROCESS_NOT_SET -> new MainProcess.Missing();
        });
  }

  static SandboxRef fromWire(Reference reference) {
    return new SandboxRef(reference.getEngine(), reference.getHost(), reference.getId());
  }

  static dev.chowder.engine.v1.MemoryUse toWire(MemoryUse memory) {
    return dev.chowder.engine.v1.MemoryUse.newBuilder()
        .setResidentBytes(memory.residentBytes())
        .setSwappedBytes(memory.swappedBytes())
        .build();
  }

  static MemoryUse fromWire(dev.chowder.engine.v1.MemoryUse memory) {
    return new MemoryUse(memory.getResidentBytes(), memory.getSwappedBytes());
  }

  static GetEndingResponse.Ending toWire(Ending ending) {
    return switch (ending) {
      case BY_ITSELF -> GetEndingResponse.Ending.BY_ITSELF;
      case STOPPED -> GetEndingResponse.Ending.STOPPED;
      case WITH_ENGINE -> GetEndingResponse.Ending.WITH_ENGINE;
    };
  }

  static Ending fromWire(GetEndingResponse.Ending ending) {
    return switch (ending) {
      case BY_ITSELF -> Ending.BY_ITSELF;
      case STOPPED -> Ending.STOPPED;
      case WITH_ENGINE, ENDING_UNSPECIFIED, UNRECOGNIZED -> Ending.WITH_ENGINE;
    };
  }

  static dev.chowder.engine.v1.TaskResult toWire(TaskResult result) {
    return dev.chowder.engine.v1.TaskResult.newBuilder()
        .setExitCode(result.exitCode())
        .setOutOfMemory(result.outOfMemory())
        .setOutput(tail(result.output()))
        .build();
  }

  /**
   * Returns the end of an output that is longer than the limit. It starts after a white space,
   * because the masking of secrets would not recognize a part of one.
   */
  private static String tail(String output) {
    var bytes = output.getBytes(UTF_8);
    if (bytes.length <= OUTPUT_BYTES) return output;
    var last = new String(bytes, bytes.length - OUTPUT_BYTES, OUTPUT_BYTES, UTF_8);
    for (int i = 0; i < last.length(); i++) {
      if (Character.isWhitespace(last.charAt(i))) return last.substring(i);
    }
    return "";
  }

  static TaskResult fromWire(dev.chowder.engine.v1.TaskResult result) {
    return new TaskResult(result.getExitCode(), result.getOutOfMemory(), result.getOutput());
  }

  static com.google.protobuf.Duration toWire(Duration duration) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  static Duration fromWire(com.google.protobuf.Duration duration) {
    return Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
  }

  static Folder folder(SandboxId id, FilePath path) {
    return Folder.newBuilder().setSandboxId(id.value()).setPath(path.toString()).build();
  }

  static Entry toWire(HomeFolder.Entry entry) {
    return Entry.newBuilder()
        .setPath(entry.path().toString())
        .setKind(
            switch (entry.kind()) {
              case FILE -> Entry.Kind.FILE;
              case FOLDER -> Entry.Kind.FOLDER;
              case LINK -> Entry.Kind.LINK;
              case OTHER -> Entry.Kind.OTHER;
            })
        .setSizeBytes(entry.size())
        .setModified(toWire(entry.modified()))
        .setMode(entry.mode())
        .build();
  }

  private static Timestamp toWire(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  static HomeFolder.Entry fromWire(Entry entry) {
    return new HomeFolder.Entry(
        FilePath.parse(entry.getPath()),
        switch (entry.getKind()) {
          case FILE -> HomeFolder.Kind.FILE;
          case FOLDER -> HomeFolder.Kind.FOLDER;
          case LINK -> HomeFolder.Kind.LINK;
          case OTHER, KIND_UNSPECIFIED, UNRECOGNIZED -> HomeFolder.Kind.OTHER;
        },
        entry.getSizeBytes(),
        Instant.ofEpochSecond(entry.getModified().getSeconds(), entry.getModified().getNanos()),
        entry.getMode());
  }

  static TreeCount toWire(HomeFolder.Count count) {
    return TreeCount.newBuilder()
        .setFiles(count.files())
        .setFolders(count.folders())
        .setOmitted(count.omitted())
        .build();
  }

  static HomeFolder.Count fromWire(TreeCount count) {
    return new HomeFolder.Count(count.getFiles(), count.getFolders(), count.getOmitted());
  }
}
