package dev.chowder.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HostPortForwarderTest {
  /** Another address of the host, in place of the bridge's. */
  private static final String BRIDGE = "127.0.0.77";

  /** Longer than a test, so that no idle connection is closed. */
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /** Much longer than the kernel needs to reset connections of a closed listener. */
  private static final Duration TAKEOVER_LIMIT = Duration.ofSeconds(20);

  private ServerSocket model;
  private int eachSandbox = 1000;

  @BeforeEach
  void listenOnLoopback() throws IOException {
    model = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void close() throws IOException {
    model.close();
  }

  private HostPortForwarder forwarder(int connections, Duration idle) throws IOException {
    return new HostPortForwarder(
        new InetSocketAddress(BRIDGE, model.getLocalPort()),
        model.getLocalPort(),
        new HostPortForwarder.Limits(connections, eachSandbox),
        TAKEOVER_LIMIT,
        idle);
  }

  private Socket call() throws IOException {
    return new Socket(BRIDGE, model.getLocalPort());
  }

  @Test
  void bytesAndEndsAreForwardedInBothDirections() throws IOException {
    try (var _ = forwarder(10, MINUTE);
        Socket caller = call();
        Socket callee = model.accept()) {
      caller.getOutputStream().write("ask".getBytes(StandardCharsets.UTF_8));
      caller.shutdownOutput();
      assertThat(callee.getInputStream().readAllBytes()).asString().isEqualTo("ask");
      callee.getOutputStream().write("answer".getBytes(StandardCharsets.UTF_8));
      callee.shutdownOutput();
      assertThat(caller.getInputStream().readAllBytes()).asString().isEqualTo("answer");
    }
  }

  @Test
  void aConnectionBeyondTheLimitIsClosedAtOnce() throws IOException {
    try (var _ = forwarder(1, MINUTE);
        Socket _ = call();
        Socket _ = model.accept();
        Socket second = call()) {
      assertThat(second.getInputStream().read()).isEqualTo(-1);
    }
  }

  /** Each sandbox has an address of its own on the bridge. */
  @Test
  void oneSandboxCannotTakeTheConnectionsOfOthers() throws IOException {
    eachSandbox = 2;
    try (var _ = forwarder(3, MINUTE);
        Socket _ = call();
        Socket _ = model.accept();
        Socket _ = call();
        Socket _ = model.accept();
        Socket third = call();
        Socket ofAnother = callFrom("127.0.0.78");
        Socket served = model.accept()) {
      assertThat(third.getInputStream().read()).isEqualTo(-1);
      served.getOutputStream().write(1);
      assertThat(ofAnother.getInputStream().read()).isEqualTo(1);
    }
  }

  private Socket callFrom(String address) throws IOException {
    return new Socket(
        InetAddress.getByName(BRIDGE), model.getLocalPort(), InetAddress.getByName(address), 0);
  }

  @Test
  void anIdleConnectionIsClosed() throws IOException {
    try (var _ = forwarder(1, Duration.ofMillis(100));
        Socket caller = call();
        Socket _ = model.accept()) {
      assertThat(caller.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  @SuppressWarnings("try") // Closing early is what is tested.
  void closingTheForwarderClosesItsConnections() throws IOException {
    try (var forwarder = forwarder(1, Duration.ofMinutes(1));
        Socket caller = call();
        Socket _ = model.accept()) {
      forwarder.close();
      assertThat(caller.getInputStream().read()).isEqualTo(-1);
      assertThat(isServed()).isFalse();
    }
  }

  /**
   * Returns whether a connection is served. The kernel may complete one that is not accepted; it
   * then ends at once.
   */
  private boolean isServed() {
    try (Socket late = call()) {
      return late.getInputStream().read() != -1;
    } catch (IOException refused) {
      return false;
    }
  }

  @Test
  void anAddressInUseIsReported() throws IOException {
    try (var other = new ServerSocket()) {
      other.bind(new InetSocketAddress(BRIDGE, model.getLocalPort()));
      assertThatThrownBy(() -> forwarder(1, MINUTE)).isInstanceOf(BindException.class);
    }
  }

  @Test
  @SuppressWarnings("try") // Closing early is what is tested.
  void nodesOfOneHostShareTheAddressAndTheRestServeAfterOneEnds() throws IOException {
    Thread.ofVirtual().start(this::answerAll);
    try (var first = forwarder(100, MINUTE);
        var second = forwarder(100, MINUTE)) {
      for (int n = 0; n < 20; n++) assertThat(roundTrip()).isTrue();
      first.close();
      // Connections that the kernel assigned to the first forwarder end with it, also some of those
      // that are opened while its thread still accepts. Later ones are assigned to the second.
      long deadline = System.nanoTime() + TAKEOVER_LIMIT.toNanos();
      for (int served = 0; served < 20; served = roundTrip() ? served + 1 : 0) {
        assertThat(System.nanoTime()).isLessThan(deadline);
      }
      second.close();
      assertThat(isServed()).isFalse();
    }
  }

  private boolean roundTrip() throws IOException {
    try (Socket caller = call()) {
      caller.setSoTimeout(Math.toIntExact(TAKEOVER_LIMIT.toMillis()));
      return caller.getInputStream().read() == 1;
    } catch (SocketException notForwarded) {
      return false;
    }
  }

  /** Sends a byte on each connection, until the model is closed. */
  private void answerAll() {
    while (!model.isClosed()) {
      try (Socket callee = model.accept()) {
        callee.getOutputStream().write(1);
      } catch (IOException gone) {
        // The caller or the model closed the connection.
      }
    }
  }
}
