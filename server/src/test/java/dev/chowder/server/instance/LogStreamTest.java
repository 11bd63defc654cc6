package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.LogLine;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.server.call.Departure;
import dev.chowder.server.call.SharedPermits.Permit;
import io.grpc.stub.ServerCallStreamObserver;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The end of a log stream whose log never ends. */
class LogStreamTest {
  private static final String ID = "01900000-0000-7000-8000-000000000001";

  /** A call that was closed by another thread, such as for a revoked key: it is not cancelled. */
  private static final class ClosedCall extends ServerCallStreamObserver<LogLine> {
    private @Nullable Runnable onClose;

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public void setOnCancelHandler(Runnable handler) {}

    @Override
    public void setOnCloseHandler(Runnable handler) {
      onClose = handler;
    }

    @Override
    public void setCompression(String compression) {}

    @Override
    public boolean isReady() {
      return false;
    }

    @Override
    public void setOnReadyHandler(Runnable handler) {}

    @Override
    public void disableAutoInboundFlowControl() {}

    @Override
    public void request(int count) {}

    @Override
    public void setMessageCompression(boolean enable) {}

    @Override
    public void onNext(LogLine line) {}

    @Override
    public void onError(Throwable why) {}

    @Override
    public void onCompleted() {}
  }

  @Test
  void aCallThatIsClosedBeforeItsStreamBeginsKeepsNoPermit() throws InterruptedException {
    var closed = new CountDownLatch(1);
    Permit permit = closed::countDown;
    AutoCloseable endless = () -> {};
    var driver =
        (SandboxDriver)
            Proxy.newProxyInstance(
                SandboxDriver.class.getClassLoader(),
                new Class<?>[] {SandboxDriver.class},
                (_, _, _) -> endless);
    var call = new ClosedCall();
    LogStream.run(
        driver,
        new InstanceId(ID),
        new InstanceRequests.Tail(ID, true, 10),
        line -> line,
        call,
        new Departure(),
        permit);
    Objects.requireNonNull(call.onClose, "no handler for the close of a call").run();
    assertThat(closed.await(10, TimeUnit.SECONDS)).as("the permit is free").isTrue();
  }
}
