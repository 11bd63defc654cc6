package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxHost;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxRef;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests connections that break, and calls that are interrupted. */
@Timeout(60)
class RemoteConnectionTest extends RemoteFixture {
  /** An engine whose observations wait until they are interrupted. */
  private static final class HangingEngine extends TestEngine {
    final CountDownLatch called = new CountDownLatch(1);
    final CountDownLatch interrupted = new CountDownLatch(1);

    @Override
    public SandboxObservation observe(SandboxId id) {
      called.countDown();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException stop) {
        interrupted.countDown();
        Thread.currentThread().interrupt();
        throw new SandboxException(Reason.INTERRUPTED, "interrupted");
      }
      return SandboxObservation.nothing(id);
    }
  }

  /** An engine with one watcher. */
  private static class WatchedEngine extends TestEngine {
    final AtomicReference<Consumer<SandboxEvent>> watcher = new AtomicReference<>(_ -> {});

    @Override
    public AutoCloseable watch(Consumer<SandboxEvent> onEvent) {
      watcher.set(onEvent);
      return () -> watcher.set(_ -> {});
    }

    @Override
    public List<SandboxObservation> list() {
      return List.of(SandboxObservation.nothing(ID));
    }
  }

  @Test
  void anInterruptOfTheCallerReachesTheEngine() throws Exception {
    var hanging = new HangingEngine();
    serve(hanging);
    var engine = client();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var flag =
          threads.submit(
              () -> {
                assertReason(Reason.INTERRUPTED, () -> engine.observe(ID));
                return Thread.interrupted();
              });
      hanging.called.await();
      threads.shutdownNow();
      assertThat(flag.get(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(hanging.interrupted.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aCallerThatIsInterruptedBeforeItsCallSendsNothing() throws Exception {
    var hanging = new HangingEngine();
    serve(hanging);
    var engine = client();
    Thread.currentThread().interrupt();
    assertReason(Reason.INTERRUPTED, () -> engine.observe(ID));
    assertThat(Thread.interrupted()).isTrue();
    assertThat(hanging.called.getCount()).isEqualTo(1);
  }

  @Test
  void theCallsOfAClientThatDisconnectsAreInterrupted() throws Exception {
    var hanging = new HangingEngine();
    serve(hanging);
    var engine = client();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var call =
          threads.submit(() -> assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID)));
      hanging.called.await();
      engine.close();
      call.get(20, TimeUnit.SECONDS);
    }
    assertThat(hanging.interrupted.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aCallBeyondItsTimeoutIsInterrupted() throws Exception {
    var hanging = new HangingEngine();
    serve(hanging);
    var engine = client(Map.of("call-timeout", "300ms"));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
    assertThat(hanging.interrupted.await(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aServerThatEndsInterruptsItsCallsAndIsUnreachable() throws Exception {
    var hanging = new HangingEngine();
    var server = serve(hanging);
    var engine = client();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var call =
          threads.submit(() -> assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID)));
      hanging.called.await();
      server.close();
      call.get(20, TimeUnit.SECONDS);
    }
    assertThat(hanging.interrupted.await(20, TimeUnit.SECONDS)).isTrue();
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
  }

  @Test
  void aProcessThatAcceptsAndDoesNotRespondIsUnreachable() throws Exception {
    try (var silent = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.bind(UnixDomainSocketAddress.of(socket()));
      var engine = client(Map.of("call-timeout", "500ms", "stall-timeout", "500ms"));
      assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
      assertReason(Reason.ENGINE_UNREACHABLE, engine::list);
      assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.homes().readFile(ID, "a", 1));
      engine.host().openHostPorts(Set.of(1));
    }
  }

  @Test
  void callsSucceedAfterTheServerReturns() throws Exception {
    var engine = client(Map.of("max-reconnect-delay", "200ms"));
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
    for (int start = 0; start < 3; start++) {
      var server = serve(new TestEngine());
      Await.until(() -> reaches(engine));
      server.close();
      assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
    }
  }

  @Test
  void aWatchContinuesAfterTheServerReturned() throws Exception {
    var first = new WatchedEngine();
    var server = serve(first);
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    var engine = client(Map.of("max-reconnect-delay", "200ms"));
    try (var _ = engine.watch(events::add)) {
      first.watcher.get().accept(new SandboxEvent(ID, "first"));
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, "first"));
      server.close();
      var second = new WatchedEngine();
      serve(second);
      // Events in between are lost, so every sandbox that does not run is reported.
      var found = events.poll(20, TimeUnit.SECONDS);
      assertThat(found).isNotNull();
      assertThat(found.id()).isEqualTo(ID);
      second.watcher.get().accept(new SandboxEvent(ID, "second"));
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, "second"));
    }
  }

  @Test
  void aWatchThatStartsBeforeItsEngineFollowsItLater() throws Exception {
    BlockingQueue<SandboxEvent> events = new LinkedBlockingQueue<>();
    var engine = client(Map.of("max-reconnect-delay", "200ms"));
    try (var _ = engine.watch(events::add)) {
      var late = new WatchedEngine();
      serve(late);
      assertThat(events.poll(20, TimeUnit.SECONDS)).isNotNull();
      late.watcher.get().accept(new SandboxEvent(ID, "late"));
      assertThat(events.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, "late"));
    }
  }

  @Test
  void anotherIdentityIsKnownAfterAReconnection() throws Exception {
    var server = serve(new WatchedEngine());
    var engine = client(Map.of("max-reconnect-delay", "200ms"));
    try (var _ = engine.watch(_ -> {})) {
      assertThat(engine.ref(ID).host()).isEqualTo("host-1");
      server.close();
      serve(
          new WatchedEngine() {
            @Override
            public SandboxRef ref(SandboxId id) {
              return new SandboxRef("test", "host-2", id.value());
            }
          });
      Await.until(() -> engine.ref(ID).host().equals("host-2"));
    }
  }

  @Test
  void anEngineThatReportsEventsNeverWaitsForASlowWatcher() throws Exception {
    var watched = new WatchedEngine();
    serve(watched);
    var engine = client();
    var handled = new LinkedBlockingQueue<SandboxEvent>();
    var release = new CountDownLatch(1);
    try (var _ =
        engine.watch(
            event -> {
              awaitUninterrupted(release);
              handled.add(event);
            })) {
      var what = "x".repeat(1000);
      for (int i = 0; i < 20_000; i++) watched.watcher.get().accept(new SandboxEvent(ID, what));
      release.countDown();
      assertThat(handled.poll(20, TimeUnit.SECONDS)).isEqualTo(new SandboxEvent(ID, what));
      Await.until(
          () -> {
            watched.watcher.get().accept(new SandboxEvent(ID, "last"));
            return handled.contains(new SandboxEvent(ID, "last"));
          });
      assertThat(handled.size()).as("more were dropped").isLessThan(20_000);
    }
  }

  private static void awaitUninterrupted(CountDownLatch release) {
    try {
      release.await();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void theHostOfTheEngineIsFollowed() throws Exception {
    var failure = new AtomicReference<>(Optional.of("no firewall"));
    var ports = new LinkedBlockingQueue<Set<Integer>>();
    var server = serve(new HostedEngine(failure, ports));
    var engine = client(Map.of("isolation-check-interval", "20ms", "max-reconnect-delay", "200ms"));
    Await.until(() -> engine.host().isolationFailure().equals(Optional.of("no firewall")));
    failure.set(Optional.empty());
    Await.until(() -> engine.host().isolationFailure().isEmpty());
    engine.host().openHostPorts(Set.of(80));
    assertThat(ports.poll(20, TimeUnit.SECONDS)).isEqualTo(Set.of(80));
    server.close();
    engine.host().openHostPorts(Set.of(81, 82));
    serve(new HostedEngine(failure, ports));
    assertThat(ports.poll(20, TimeUnit.SECONDS)).isEqualTo(Set.of(81, 82));
  }

  @Test
  void anUnknownHostDoesNotIsolateAndAnEngineWithoutOneDoes() throws Exception {
    var engine = client(Map.of("isolation-check-interval", "20ms"));
    assertThat(engine.host().isolationFailure()).isPresent();
    serve(new TestEngine());
    Await.until(() -> engine.host().isolationFailure().isEmpty());
    assertThat(engine.host().capacity()).isEqualTo(SandboxHost.NONE.capacity());
  }

  private static final class HostedEngine extends TestEngine {
    private final AtomicReference<Optional<String>> failure;
    private final BlockingQueue<Set<Integer>> ports;

    HostedEngine(AtomicReference<Optional<String>> failure, BlockingQueue<Set<Integer>> ports) {
      this.failure = failure;
      this.ports = ports;
    }

    @Override
    public SandboxHost host() {
      return new SandboxHost() {
        @Override
        public HostCapacity capacity() {
          return NONE.capacity();
        }

        @Override
        public String hostAddressFromSandbox() {
          return "10.0.0.1";
        }

        @Override
        public void openHostPorts(Set<Integer> open) {
          ports.add(open);
        }

        @Override
        public Optional<String> isolationFailure() {
          return failure.get();
        }
      };
    }
  }
}
