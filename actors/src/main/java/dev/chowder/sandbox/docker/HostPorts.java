package dev.chowder.sandbox.docker;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's ports that sandboxes may reach, and how those of its loopback are brought to the
 * sandboxes' bridge. Knows nothing of who listens there.
 */
final class HostPorts implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostPorts.class);

  private final DockerSandboxSettings settings;
  private final Set<Integer> opened = new TreeSet<>();
  private final Map<Integer, Optional<HostPortForwarder>> forwarders = new HashMap<>();

  HostPorts(DockerSandboxSettings settings) {
    this.settings = settings;
  }

  synchronized Set<Integer> opened() {
    return Set.copyOf(opened);
  }

  /** Whether it was not open before. */
  synchronized boolean open(int port, String gateway) {
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }
    boolean isNew = opened.add(port);
    if (!forwarders.containsKey(port)) {
      forward(port, gateway);
    }
    return isNew;
  }

  private void forward(int port, String gateway) {
    try {
      forwarders.put(
          port,
          Optional.of(
              new HostPortForwarder(
                  new InetSocketAddress(gateway, port),
                  port,
                  settings.forwardedConnections(),
                  settings.callTimeout(),
                  settings.forwardedIdle())));
      log.info("host-port={} event=forwarded from={}", port, gateway);
    } catch (BindException taken) {
      // Whoever listens on all addresses has it, and sandboxes reach that directly; or the bridge
      // has no address yet, then the next call tries again.
      if (String.valueOf(taken.getMessage()).contains("in use")) {
        forwarders.put(port, Optional.empty());
      } else {
        log.warn("host-port={} event=not-forwarded why={}", port, taken.getMessage());
      }
    } catch (IOException failed) {
      log.warn("host-port={} event=not-forwarded why={}", port, failed.toString());
    }
  }

  @Override
  public synchronized void close() {
    forwarders.values().forEach(forwarder -> forwarder.ifPresent(HostPortForwarder::close));
    forwarders.clear();
  }
}
