package dev.chowder.server.gateway;

import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Approves browsers that open an agent's Control UI. OpenClaw requires the owner's approval for
 * every new browser. A browser that waits for approval has sent the gateway's token, which Chowder
 * returns only to the owner. So this class approves waiting browsers, for a limited time after a
 * client opens a WebSocket.
 */
public final class ControlUiApproval
    implements GatewayAuthorization.WebSocketListener, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlUiApproval.class);

  /** A browser requests approval 150 ms after it connects at the earliest, and again after 1 s. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(150);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final GatewayDirectory directory;
  private final OpenClawAdmin admin;
  private final Duration timeout;
  private final Semaphore permits;
  private final Set<String> watched = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  public ControlUiApproval(
      GatewayDirectory directory, OpenClawAdmin admin, OpenClawSettings settings) {
    this.directory = directory;
    this.admin = admin;
    this.timeout = settings.controlUiTimeout();
    this.permits = new Semaphore(settings.maxControlUiWatches());
  }

  @Override
  public void onOpening(String instanceId) {
    // One watch serves all browsers of an instance; each repeats its request anyway.
    if (!watched.add(instanceId)) return;
    if (!permits.tryAcquire()) {
      watched.remove(instanceId);
      return;
    }
    threads.execute(
        () -> {
          try {
            watch(instanceId);
          } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
          } finally {
            permits.release();
            watched.remove(instanceId);
          }
        });
  }

  private void watch(String instanceId) throws InterruptedException {
    long until = System.nanoTime() + timeout.toNanos();
    for (var pause = FIRST_PAUSE; System.nanoTime() < until; pause = longer(pause)) {
      TimeUnit.MILLISECONDS.sleep(pause.toMillis());
      if (!(directory.lookup(Optional.empty(), instanceId)
          instanceof Lookup.Target(var address, var token, _, _))) {
        return;
      }
      var gateway = new SandboxEndpoint(address.getAddress().getHostAddress(), address.getPort());
      int approved = admin.approveControlUis(gateway, token);
      if (approved > 0) {
        LOG.info("instance={} event=console_approved browsers={}", instanceId, approved);
        return;
      }
    }
  }

  private static Duration longer(Duration pause) {
    var doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
