package dev.chowder.server.gateway;

import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.server.gateway.GatewayDirectory.Place;
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
 * Lets browsers into a gateway's console. OpenClaw wants every new browser approved by its owner;
 * whoever gets as far as to wait for that has shown the gateway's token, which Chowder gives to the
 * owner alone. So it approves what waits, while somebody opens the console and not at other times.
 */
public final class ControlUiApproval
    implements GatewayAuthorization.WebSocketNotice, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ControlUiApproval.class);

  /** A browser waits 150 ms after its connection at the earliest, and asks again after a second. */
  private static final Duration FIRST_PAUSE = Duration.ofMillis(150);

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  private final GatewayDirectory directory;
  private final OpenClawAdmin admin;
  private final Duration limit;
  private final Semaphore room;
  private final Set<String> watched = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  public ControlUiApproval(
      GatewayDirectory directory, OpenClawAdmin admin, OpenClawSettings settings) {
    this.directory = directory;
    this.admin = admin;
    this.limit = settings.consoleLimit();
    this.room = new Semaphore(settings.consoleWatches());
  }

  @Override
  public void opening(String instanceId) {
    // One watch serves all browsers that open the same console meanwhile; they ask again anyway.
    if (!watched.add(instanceId)) return;
    if (!room.tryAcquire()) {
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
            room.release();
            watched.remove(instanceId);
          }
        });
  }

  private void watch(String instanceId) throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    for (var pause = FIRST_PAUSE; System.nanoTime() < until; pause = longer(pause)) {
      TimeUnit.MILLISECONDS.sleep(pause.toMillis());
      if (!(directory.lookup(Optional.empty(), instanceId)
          instanceof Place.Target(var address, var token, _))) {
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
