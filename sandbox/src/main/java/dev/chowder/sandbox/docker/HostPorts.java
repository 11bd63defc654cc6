package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.must;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stores which ports of the host sandboxes may reach, and forwards those of its loopback to the
 * sandboxes' bridge. Each {@link #forward} retries ports that could not be forwarded. Does not know
 * what listens there.
 */
final class HostPorts implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostPorts.class);

  private final DockerSandboxSettings settings;
  private final Map<Integer, Optional<HostPortForwarder>> forwarders = new HashMap<>();
  private @Nullable Set<Integer> required;
  private String gateway = "";
  private String lastFailure = "";

  HostPorts(DockerSandboxSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns the ports that must be open, whether they are forwarded or not. Empty until {@link
   * #setRequired} is called, because a node does not know them when it starts.
   */
  synchronized Optional<Set<Integer>> required() {
    return Optional.ofNullable(required);
  }

  /** Replaces the ports that must be open. Returns whether they changed or are the first. */
  synchronized boolean setRequired(Set<Integer> ports) {
    for (int port : ports) {
      if (port < 1 || port > 65535) {
        throw new IllegalArgumentException(must("port", "be 1 to 65535", port));
      }
    }
    boolean changed = !ports.equals(required);
    required = Set.copyOf(ports);
    return changed;
  }

  /** Forwards exactly the ports that must be open, from this address of the bridge. */
  synchronized void forward(String gateway) {
    // A recreated bridge may have another address.
    boolean moved = !this.gateway.equals(gateway);
    this.gateway = gateway;
    Set<Integer> ports = required().orElse(Set.of());
    forwarders
        .entrySet()
        .removeIf(
            entry -> {
              if (!moved && ports.contains(entry.getKey())) return false;
              entry.getValue().ifPresent(HostPortForwarder::close);
              log.info("host-port={} event=no-longer-forwarded", entry.getKey());
              return true;
            });
    for (int port : new TreeSet<>(ports)) {
      if (!forwarders.containsKey(port)) forward(port, gateway);
    }
  }

  private void forward(int port, String gateway) {
    try {
      forwarders.put(
          port,
          Optional.of(
              new HostPortForwarder(
                  new InetSocketAddress(gateway, port),
                  port,
                  new HostPortForwarder.Limits(
                      settings.maxForwardedConnections(), settings.maxSandboxConnections()),
                  settings.callTimeout(),
                  settings.forwardedIdleTimeout())));
      log.info("host-port={} event=forwarded from={}", port, gateway);
    } catch (BindException taken) {
      // A process listens on this port of all addresses, so sandboxes reach it directly. Otherwise
      // the bridge has no address yet.
      if (String.valueOf(taken.getMessage()).contains("in use")) {
        forwarders.put(port, Optional.empty());
      } else {
        notForwarded(port, taken);
      }
    } catch (IOException failed) {
      notForwarded(port, failed);
    }
  }

  private void notForwarded(int port, IOException why) {
    // Retried often, so the same failure is logged once.
    var failure = port + " " + why;
    if (!failure.equals(lastFailure))
      log.warn("host-port={} event=not-forwarded why={}", port, why);
    lastFailure = failure;
  }

  @Override
  public synchronized void close() {
    forwarders.values().forEach(forwarder -> forwarder.ifPresent(HostPortForwarder::close));
    forwarders.clear();
  }
}
