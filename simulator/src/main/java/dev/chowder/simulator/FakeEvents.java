package dev.chowder.simulator;

import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxId;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** Sends the events of a simulated engine to its watchers. */
final class FakeEvents {
  private final List<Consumer<SandboxEvent>> watchers = new CopyOnWriteArrayList<>();

  AutoCloseable to(Consumer<SandboxEvent> watcher) {
    watchers.add(watcher);
    return () -> watchers.remove(watcher);
  }

  void send(SandboxId id, String what) {
    var event = new SandboxEvent(id, what);
    for (Consumer<SandboxEvent> watcher : watchers) {
      Thread.ofVirtual().name("fake-event").start(() -> watcher.accept(event));
    }
  }
}
