package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.api.v1.LogLine;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.server.call.DrainSignal;
import dev.chowder.server.call.SharedPermits.Permit;
import dev.chowder.server.call.StubCall;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tests the end of a log stream whose log never ends. */
class LogStreamTest {
  private static final String ID = "01900000-0000-7000-8000-000000000001";

  @Test
  void aCallThatIsClosedBeforeItsStreamStartsReleasesItsPermit() throws InterruptedException {
    var closed = new CountDownLatch(1);
    Permit permit = closed::countDown;
    AutoCloseable endless = () -> {};
    var driver =
        (SandboxDriver)
            Proxy.newProxyInstance(
                SandboxDriver.class.getClassLoader(),
                new Class<?>[] {SandboxDriver.class},
                (_, _, _) -> endless);
    // Another thread closed the call, for example for a revoked key. It is not cancelled.
    var call = new StubCall<LogLine>(false);
    LogStream.run(
        driver,
        new InstanceId(ID),
        new InstanceRequests.Tail(ID, true, 10),
        line -> line,
        call,
        new DrainSignal(),
        permit);
    call.close();
    assertThat(closed.await(10, TimeUnit.SECONDS)).as("the permit is free").isTrue();
  }
}
