package dev.chowder.remote;

import dev.chowder.sandbox.Ending;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.MemoryUse;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.sandbox.StopResult;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** An engine without sandboxes. A test overrides the verbs that it calls; all others fail. */
class TestEngine implements SandboxEngine {
  @Override
  public void create(SandboxSpec spec) {
    throw unused();
  }

  @Override
  public SandboxRef ref(SandboxId id) {
    return new SandboxRef("test", "host-1", id.value());
  }

  @Override
  public SandboxEndpoint start(SandboxId id, Fence fence, ProcessSpec process) {
    throw unused();
  }

  @Override
  public StopResult stop(SandboxId id, int attempt, Duration grace) {
    throw unused();
  }

  @Override
  public int freeze(SandboxId id, int attempt) {
    throw unused();
  }

  @Override
  public Optional<SandboxEndpoint> thaw(SandboxId id, Fence fence, int boot, ProcessSpec process) {
    throw unused();
  }

  @Override
  public MemoryUse pageOut(SandboxId id, int attempt) {
    throw unused();
  }

  @Override
  public Optional<MemoryUse> memory(SandboxId id) {
    throw unused();
  }

  @Override
  public void removeProcesses(SandboxId id, int attempt) {
    throw unused();
  }

  @Override
  public boolean remove(SandboxId id, Fence fence) {
    throw unused();
  }

  @Override
  public SandboxObservation observe(SandboxId id) {
    return SandboxObservation.nothing(id);
  }

  @Override
  public Ending howEnded(SandboxId id) {
    throw unused();
  }

  @Override
  public Optional<SandboxEndpoint> endpoint(SandboxId id, int port) {
    throw unused();
  }

  @Override
  public List<SandboxObservation> list() {
    return List.of();
  }

  @Override
  public AutoCloseable logs(SandboxId id, int lines, boolean follow, SandboxLogReader reader) {
    throw unused();
  }

  @Override
  public AutoCloseable watch(Consumer<SandboxEvent> onEvent) {
    return () -> {};
  }

  @Override
  public SandboxTasks tasks() {
    return unused(SandboxTasks.class);
  }

  @Override
  public SandboxHomes homes() {
    return unused(SandboxHomes.class);
  }

  @Override
  public void close() {}

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException();
  }

  /** Returns an interface all of whose methods fail. */
  static <T> T unused(Class<T> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, _, _) -> {
              throw unused();
            }));
  }
}
