package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.LogLine;
import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.HostRebindings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxLogReader;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.stream.StubCall;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Tests log streams with an engine and a caller that each test controls. */
class LogStreamTest {
  private static final String ID = "01900000-0000-7000-8000-000000000001";

  private final StubCall<LogLine> caller = new StubCall<>(true);
  private final DrainSignal node = new DrainSignal();
  private final CountDownLatch permit = new CountDownLatch(1);
  private final CompletableFuture<SandboxLogReader> reader = new CompletableFuture<>();

  @Test
  void aCallThatIsClosedBeforeItsStreamStartsReleasesItsPermit() throws InterruptedException {
    // Another thread closed the call, for example for a revoked key. It is not cancelled.
    begin(_ -> () -> {});
    caller.close();
    assertThePermitIsFree();
  }

  @Test
  void aDrainEndsTheStreamOnlyAfterTheLineInProgress() throws Exception {
    begin(_ -> () -> {});
    caller.hold();
    var line = Thread.ofVirtual().start(() -> reader().onLine("line"));
    caller.awaitHeldMessage();
    var drain = Thread.ofVirtual().start(node::begin);
    // The drain either waits for the line, or has ended the stream during the line.
    StubCall.awaitBlocked(drain, () -> caller.failure().isPresent());
    assertThat(caller.failure()).isEmpty();
    caller.release();
    caller.awaitEnd();
    assertThat(caller.messages()).extracting(LogLine::getText).containsExactly("line");
    assertThat(reason(caller)).isEqualTo(Reason.SERVER_UNAVAILABLE);
    line.join();
    drain.join();
    assertThePermitIsFree();
  }

  @Test
  void anUnexpectedExceptionOfTheEngineFailsTheCall() throws InterruptedException {
    var bug = new IllegalStateException("a bug");
    begin(
        _ -> {
          throw bug;
        });
    caller.awaitEnd();
    assertThat(caller.failure()).containsSame(bug);
    assertThePermitIsFree();
  }

  @Test
  void anEngineThatDoesNotRespondIsAnUnavailableGateway() throws InterruptedException {
    begin(
        _ -> {
          throw new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "no engine");
        });
    caller.awaitEnd();
    assertThat(reason(caller)).isEqualTo(Reason.GATEWAY_UNAVAILABLE);
    assertThePermitIsFree();
  }

  @Test
  void aLogThatIsGoneIsAtItsEnd() throws InterruptedException {
    begin(
        _ -> {
          throw new SandboxException(SandboxException.Reason.NOT_FOUND, "no process");
        });
    caller.awaitEnd();
    assertThat(caller.isCompleted()).isTrue();
    assertThePermitIsFree();
  }

  @Test
  void aLogThatEndsLaterWithAnErrorFailsTheCall() throws InterruptedException {
    begin(_ -> () -> {});
    reader().onLine("line");
    reader()
        .onEnd(
            Optional.of(
                new SandboxException(SandboxException.Reason.ENGINE_UNREACHABLE, "no engine")));
    caller.awaitEnd();
    assertThat(caller.messages()).hasSize(1);
    assertThat(reason(caller)).isEqualTo(Reason.GATEWAY_UNAVAILABLE);
    assertThePermitIsFree();
  }

  @Test
  void aSandboxOnAnotherHostEndsTheStreamWithAnErrorThatSaysSo() throws InterruptedException {
    begin(
        _ -> {
          throw new SandboxException(SandboxException.Reason.ELSEWHERE, "another host");
        });
    caller.awaitEnd();
    assertThat(reason(caller)).isEqualTo(Reason.GATEWAY_UNAVAILABLE);
    assertThat(caller.failure().orElseThrow()).hasMessageContaining("does not have the host");
    assertThePermitIsFree();
  }

  @Test
  void aCallerThatReadsNothingBlocksTheSourceUntilItDisconnects() throws InterruptedException {
    caller.setReady(false);
    begin(_ -> () -> {});
    var line = Thread.ofVirtual().start(() -> reader().onLine("line"));
    StubCall.awaitBlocked(line, () -> false);
    assertThat(caller.messages()).isEmpty();
    caller.cancel();
    line.join();
    assertThat(caller.messages()).isEmpty();
    assertThePermitIsFree();
  }

  private void begin(Function<SandboxLogReader, AutoCloseable> logs) {
    var engine =
        (SandboxEngine)
            Proxy.newProxyInstance(
                SandboxEngine.class.getClassLoader(),
                new Class<?>[] {SandboxEngine.class},
                (_, _, arguments) -> {
                  var to = (SandboxLogReader) arguments[3];
                  var handle = logs.apply(to);
                  reader.complete(to);
                  return handle;
                });
    LogStream.run(
        new Sandboxes(engine, HostRebindings.NONE).of(ID, Optional.empty()),
        new InstanceId(ID),
        new InstanceRequests.Tail(ID, true, 10),
        line -> line,
        caller,
        node,
        permit::countDown);
  }

  private SandboxLogReader reader() {
    return reader.orTimeout(10, TimeUnit.SECONDS).join();
  }

  private void assertThePermitIsFree() throws InterruptedException {
    assertThat(permit.await(30, TimeUnit.SECONDS)).as("the permit is free").isTrue();
  }

  private static Reason reason(StubCall<?> call) {
    return ((ApiError) call.failure().orElseThrow()).reason();
  }
}
