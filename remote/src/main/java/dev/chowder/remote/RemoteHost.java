package dev.chowder.remote;

import dev.chowder.engine.v1.GetCapacityRequest;
import dev.chowder.engine.v1.GetHostAddressRequest;
import dev.chowder.engine.v1.GetIsolationRequest;
import dev.chowder.engine.v1.HostServiceGrpc;
import dev.chowder.engine.v1.HostServiceGrpc.HostServiceBlockingV2Stub;
import dev.chowder.engine.v1.OpenHostPortsRequest;
import dev.chowder.remote.EngineConnection.Call;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxHost;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host of an engine in another process; like {@link SandboxHost#NONE} if the engine does not
 * serve hosts. Regularly reads whether sandboxes are isolated, which they are not while the engine
 * does not respond. Sends the open ports again if the engine did not respond or was connected
 * again.
 */
final class RemoteHost implements SandboxHost, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RemoteHost.class);

  /** Much longer than a call needs to end after it was interrupted. */
  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final EngineConnection connection;
  private final HostServiceBlockingV2Stub stub;
  private final Thread keeper;
  private volatile Optional<String> isolationFailure =
      Optional.of("the engine has not reported it yet");

  /**
   * Held by the thread that sends ports, so that an earlier change is not sent after a later one.
   */
  private final ReentrantLock sending = new ReentrantLock();

  /** The ports to open; null if no caller opened any. */
  private volatile @Nullable Set<Integer> ports;

  private volatile boolean portsPending;

  RemoteHost(EngineConnection connection) {
    this.connection = connection;
    this.stub = HostServiceGrpc.newBlockingV2Stub(connection.channel());
    this.keeper = Thread.ofVirtual().name("remote-host").start(this::run);
  }

  @Override
  public HostCapacity capacity() {
    return call(
        "read the memory of the host",
        host -> {
          var capacity = host.getCapacity(GetCapacityRequest.getDefaultInstance());
          return new HostCapacity(
              capacity.getTotalBytes(),
              capacity.getAvailableBytes(),
              capacity.getSwapFreeBytes(),
              capacity.getCompressedBytes(),
              capacity.getStalledPercent());
        },
        NONE::capacity);
  }

  @Override
  public String hostAddressFromSandbox() {
    return call(
        "read the address of the host",
        host -> host.getHostAddress(GetHostAddressRequest.getDefaultInstance()).getAddress(),
        NONE::hostAddressFromSandbox);
  }

  @Override
  public void openHostPorts(Set<Integer> open) {
    ports = Set.copyOf(open);
    portsPending = true;
    try {
      sendPorts();
    } catch (SandboxException failed) {
      if (failed.reason() != Reason.ENGINE_UNREACHABLE) throw failed;
      log.warn("engine={} event=ports-pending why={}", connection.address(), failed.getMessage());
    }
  }

  /** Sends the ports if that is pending. */
  private void sendPorts() {
    var what = "open ports of the host";
    try {
      sending.lockInterruptibly();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw EngineErrors.interrupted(what, stop);
    }
    try {
      if (!portsPending) return;
      // Before the ports are read, because they may change while they are sent.
      portsPending = false;
      var open = ports;
      if (open == null) return;
      var request = OpenHostPortsRequest.newBuilder().addAllPorts(open).build();
      var _ = call(what, host -> Optional.of(host.openHostPorts(request)), Optional::empty);
    } catch (RuntimeException failed) {
      portsPending = true;
      throw failed;
    } finally {
      sending.unlock();
    }
  }

  /** Makes the open ports known to a process that may be another one. */
  void connectedAgain() {
    portsPending = true;
  }

  @Override
  public Optional<String> isolationFailure() {
    return isolationFailure;
  }

  private Optional<String> readIsolation() {
    return call(
        "read whether sandboxes are isolated",
        host -> {
          var isolation = host.getIsolation(GetIsolationRequest.getDefaultInstance());
          return isolation.hasFailure() ? Optional.of(isolation.getFailure()) : Optional.empty();
        },
        Optional::empty);
  }

  private void run() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        isolationFailure = readIsolation();
      } catch (RuntimeException failed) {
        isolationFailure = Optional.of(String.valueOf(failed.getMessage()));
        // The next process on the socket knows no ports.
        connectedAgain();
        logUnknown(failed);
      }
      try {
        sendPorts();
      } catch (RuntimeException failed) {
        logUnknown(failed);
      }
      try {
        Thread.sleep(connection.settings().isolationCheckInterval());
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void logUnknown(RuntimeException failed) {
    log.debug("engine={} event=host-unknown why={}", connection.address(), failed.getMessage());
  }

  private <T> T call(
      String what, Call<HostServiceBlockingV2Stub, T> call, Supplier<T> withoutHost) {
    try {
      return connection.call(what, stub, call);
    } catch (SandboxException failed) {
      if (EngineErrors.isUnimplemented(failed)) return withoutHost.get();
      throw failed;
    }
  }

  @Override
  public void close() {
    keeper.interrupt();
    try {
      var _ = keeper.join(CLOSE_LIMIT);
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
    }
  }
}
