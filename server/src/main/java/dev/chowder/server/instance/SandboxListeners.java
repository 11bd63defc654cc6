package dev.chowder.server.instance;

import com.github.benmanes.caffeine.cache.AsyncLoadingCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.server.gateway.ListenerDirectory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the address of a listener in a sandbox by asking the sandbox host, and caches it. Anyone
 * may call webhooks, so without the cache each call would query the host.
 */
public final class SandboxListeners implements ListenerDirectory {
  private static final Logger LOG = LoggerFactory.getLogger(SandboxListeners.class);
  private static final int MAX_CACHED = 10_000;

  private final Sandboxes sandboxes;
  private final AsyncLoadingCache<Key, Optional<InetSocketAddress>> cached;

  /** Has the gateway's address, because the listener's address changes with it at each start. */
  private record Key(
      String instanceId, Optional<HomeRef> home, InetSocketAddress gateway, int port) {}

  /**
   * Creates a cache of listeners.
   *
   * @param age time for which a result is cached, also if there is no listener
   * @param blocking executor of the queries
   */
  public SandboxListeners(Sandboxes sandboxes, Duration age, Executor blocking) {
    this.sandboxes = sandboxes;
    this.cached =
        Caffeine.newBuilder()
            .maximumSize(MAX_CACHED)
            .expireAfterWrite(age)
            .executor(blocking)
            .buildAsync(this::ask);
  }

  @Override
  public Optional<InetSocketAddress> lookup(
      String instanceId, Optional<HomeRef> home, InetSocketAddress gateway, int port) {
    return cached.get(new Key(instanceId, home, gateway, port)).join();
  }

  private Optional<InetSocketAddress> ask(Key key) {
    try {
      return sandboxes
          .of(key.instanceId(), key.home())
          .endpoint(key.port())
          .map(at -> new InetSocketAddress(at.host(), at.port()));
    } catch (SandboxException why) {
      LOG.warn(
          "instance={} listener on port {}: {}", key.instanceId(), key.port(), why.getMessage());
      return Optional.empty();
    }
  }
}
