package dev.chowder.server.instance;

import static dev.chowder.sandbox.TestResources.RESOURCES;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.sandbox.HostRebindings;
import dev.chowder.sandbox.ProcessSpec;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.sandbox.SandboxSpec;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SandboxListenersTest {
  private static final int PORT = 3978;

  private final String id = UUID.randomUUID().toString();
  private final SandboxId sandbox = SandboxId.ofInstance(id);
  private final SimulatedEngine engine = new SimulatedEngine(FakeSandboxSettings.instant());
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final SandboxListeners listeners =
      new SandboxListeners(
          new Sandboxes(engine, HostRebindings.NONE), Duration.ofHours(1), threads);

  @AfterEach
  void close() {
    threads.close();
    engine.close();
  }

  @Test
  void aFloodOfCallsQueriesTheHostOnce() throws Exception {
    var gateway = start(1);
    engine.script().delay(Verb.OBSERVE, Duration.ofMillis(100));
    List<Future<Optional<InetSocketAddress>>> found = new ArrayList<>();
    for (int n = 0; n < 200; n++) {
      found.add(threads.submit(() -> listeners.lookup(id, Optional.empty(), gateway, PORT)));
    }
    for (var one : found) assertThat(one.get()).contains(gateway);
    assertThat(asked()).isEqualTo(1);
  }

  @Test
  void aNewProcessDoesNotUseThePreviousAddress() {
    var first = start(1);
    assertThat(listeners.lookup(id, Optional.empty(), first, PORT)).contains(first);
    engine.stop(sandbox, 1, Duration.ZERO);
    var second = start(2);
    assertThat(second).isNotEqualTo(first);
    assertThat(listeners.lookup(id, Optional.empty(), second, PORT)).contains(second);
  }

  @Test
  void anUnresponsiveHostIsNotQueriedByEachCaller() {
    var gateway = start(1);
    engine.script().failNext(Verb.OBSERVE, 1, Reason.ENGINE_UNREACHABLE, "docker: no answer");
    assertThat(listeners.lookup(id, Optional.empty(), gateway, PORT)).isEmpty();
    assertThat(listeners.lookup(id, Optional.empty(), gateway, PORT)).isEmpty();
    assertThat(asked()).isEqualTo(1);
  }

  @Test
  void aSandboxOnAnotherHostHasNoAddress() {
    var gateway = start(1);
    var here = Optional.of(new HomeRef(engine.ref(sandbox), 0));
    assertThat(listeners.lookup(id, here, gateway, PORT)).contains(gateway);
    var elsewhere = Optional.of(new HomeRef(new SandboxRef("fake", "another", sandbox.value()), 1));
    assertThat(listeners.lookup(id, elsewhere, gateway, PORT)).isEmpty();
  }

  @Test
  void aCachedAddressExpires() {
    var gateway = start(1);
    var forgetful =
        new SandboxListeners(new Sandboxes(engine, HostRebindings.NONE), Duration.ZERO, threads);
    assertThat(forgetful.lookup(id, Optional.empty(), gateway, PORT)).contains(gateway);
    engine.stop(sandbox, 1, Duration.ZERO);
    assertThat(forgetful.lookup(id, Optional.empty(), gateway, PORT)).isEmpty();
  }

  private InetSocketAddress start(int attempt) {
    engine.create(new SandboxSpec(sandbox, "org", "chowder/fake", 0, RESOURCES));
    SandboxEndpoint endpoint =
        engine.start(
            sandbox,
            Fence.ofAttempt(attempt),
            new ProcessSpec("chowder/fake", "org", List.of("serve"), Map.of(), 18789, RESOURCES));
    return new InetSocketAddress(endpoint.host(), endpoint.port());
  }

  private long asked() {
    return engine.script().calls().stream().filter(c -> c.verb() == Verb.OBSERVE).count();
  }
}
