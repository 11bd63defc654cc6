package dev.chowder.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Await;
import dev.chowder.engine.v1.GetIsolationRequest;
import dev.chowder.engine.v1.GetIsolationResponse;
import dev.chowder.engine.v1.HostServiceGrpc.HostServiceImplBase;
import dev.chowder.engine.v1.OpenHostPortsRequest;
import dev.chowder.engine.v1.OpenHostPortsResponse;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.SandboxRef;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Tests a client whose engine does not respond, returns, or is closed. */
@Timeout(60)
class RemoteClientTest extends RemoteFixture {
  @Test
  void anotherIdentityIsKnownAfterAFailedCallWithoutAWatch() throws Exception {
    var server = serve(new TestEngine());
    var engine = client(Map.of("max-reconnect-delay", "200ms", "isolation-check-interval", "1h"));
    assertThat(engine.ref(ID).host()).isEqualTo("host-1");
    server.close();
    assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
    serve(
        new TestEngine() {
          @Override
          public SandboxRef ref(SandboxId id) {
            return new SandboxRef("test", "host-2", id.value());
          }
        });
    Await.until(() -> reaches(engine));
    assertThat(engine.ref(ID).host()).isEqualTo("host-2");
  }

  @Test
  void callsOfAClosedEngineFailAsThoseOfAnUnreachableOne() throws Exception {
    serve(new TestEngine());
    for (int round = 0; round < 20; round++) {
      var engine = client();
      engine.close();
      assertReason(Reason.ENGINE_UNREACHABLE, () -> engine.observe(ID));
      assertReason(Reason.ENGINE_UNREACHABLE, engine::list);
    }
  }

  @Test
  void anEngineThatNoLongerRespondsDoesNotIsolate() throws Exception {
    var server = serve(new TestEngine());
    var engine = client(Map.of("isolation-check-interval", "20ms"));
    Await.until(() -> engine.host().isolationFailure().isEmpty());
    server.close();
    Await.until(() -> engine.host().isolationFailure().isPresent());
  }

  /** A host that cannot tell whether it isolates, and whose ports can be opened later. */
  private static final class LateHost extends HostServiceImplBase {
    final BlockingQueue<List<Integer>> ports = new LinkedBlockingQueue<>();
    private final AtomicInteger calls = new AtomicInteger();

    @Override
    public void getIsolation(
        GetIsolationRequest request, StreamObserver<GetIsolationResponse> out) {
      out.onError(Status.FAILED_PRECONDITION.withDescription("no firewall").asException());
    }

    @Override
    public void openHostPorts(
        OpenHostPortsRequest request, StreamObserver<OpenHostPortsResponse> out) {
      if (calls.incrementAndGet() == 1) {
        out.onError(Status.UNAVAILABLE.asException());
        return;
      }
      ports.add(request.getPortsList());
      out.onNext(OpenHostPortsResponse.getDefaultInstance());
      out.onCompleted();
    }
  }

  @Test
  void portsAreSentAlsoIfTheIsolationIsUnknown() throws Exception {
    var host = new LateHost();
    serveOnly(host);
    var engine = client(Map.of("isolation-check-interval", "20ms"));
    engine.host().openHostPorts(Set.of(80));
    assertThat(host.ports.poll(20, TimeUnit.SECONDS)).containsExactly(80);
    assertThat(engine.host().isolationFailure().orElseThrow()).contains("no firewall");
  }

  @Test
  void aCallerThatWaitsForTheHostPortsCanBeInterrupted() throws Exception {
    var called = new CountDownLatch(1);
    serveOnly(
        new HostServiceImplBase() {
          @Override
          public void openHostPorts(
              OpenHostPortsRequest request, StreamObserver<OpenHostPortsResponse> out) {
            called.countDown();
          }
        });
    var engine = client(Map.of("isolation-check-interval", "1h"));
    var interrupts = new LinkedBlockingQueue<Boolean>();
    Runnable open =
        () -> {
          assertReason(Reason.INTERRUPTED, () -> engine.host().openHostPorts(Set.of(80)));
          interrupts.add(Thread.currentThread().isInterrupted());
        };
    var first = Thread.ofVirtual().start(open);
    called.await();
    var second = Thread.ofVirtual().start(open);
    second.interrupt();
    assertThat(interrupts.poll(20, TimeUnit.SECONDS)).isTrue();
    first.interrupt();
    assertThat(interrupts.poll(20, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aLogWhoseReaderFailsEnds() throws Exception {
    var closed = new CountDownLatch(1);
    serve(
        new TestEngine() {
          @Override
          public AutoCloseable logs(SandboxId id, int last, boolean follow, SandboxLogReader to) {
            Thread.ofVirtual().start(() -> to.onLine("line"));
            return closed::countDown;
          }
        });
    var end = new CompletableFuture<Optional<SandboxException>>();
    var reader =
        new SandboxLogReader() {
          @Override
          public void onLine(String line) {
            throw new IllegalStateException("own");
          }

          @Override
          public void onEnd(Optional<SandboxException> why) {
            end.complete(why);
          }
        };
    try (var _ = client().logs(ID, 10, true, reader)) {
      assertThat(end.get(20, TimeUnit.SECONDS).orElseThrow().reason())
          .isEqualTo(SandboxException.Reason.REFUSED);
      assertThat(closed.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }
}
