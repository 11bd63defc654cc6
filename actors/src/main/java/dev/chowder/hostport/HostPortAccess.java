package dev.chowder.hostport;

import dev.chowder.cluster.NodePorts;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.storage.HostPortRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which loopback ports of the host sandboxes may reach. Has the engine open the ports of
 * channels and those that an organization uses, and no others. Does not know how a port is opened.
 *
 * <p>All input is in the database and the settings, so every node computes the same set. Every
 * method blocks.
 */
public final class HostPortAccess {
  private static final Logger LOG = LoggerFactory.getLogger(HostPortAccess.class);

  /** The state of a port. */
  public enum State {
    /** The operator allows the port. */
    LISTED,
    /** The port was never listed. A URL that is older than this requirement may still use it. */
    UNLISTED,
    /** The operator closed the port. */
    CLOSED,
    /** Chowder itself, the host's SSH or a database listens there. The port is never opened. */
    OWN
  }

  /**
   * A port of the host.
   *
   * @param organizations ids of the organizations that use it
   */
  public record HostPort(int port, State state, boolean open, Set<String> organizations) {}

  /**
   * How long a node neither records the use of a listed port again nor reads the decision about it.
   * A {@link #refresh} ends this earlier. A decision at another node causes one, so this time
   * matters only while that node's notice is on its way. Until then this node may report a port as
   * listed that the other one has closed.
   */
  private static final Duration RECENT = Duration.ofSeconds(1);

  private record Use(int port, String organizationId) {}

  private final HostPortRows rows;
  private final SandboxEngine engine;
  private final HostPortSettings settings;
  private final Set<Integer> channelPorts;
  private final NodePorts nodes;
  private final InstantSource clock;
  private Set<Integer> open = Set.of();

  /**
   * Recorded uses of listed ports since the last refresh, each with its time. A refresh replaces
   * the map, so a use that read an older decision is not kept.
   */
  private volatile Map<Use, Instant> recent = new ConcurrentHashMap<>();

  /**
   * The unlisted ports that were logged. Written under the monitor; /metrics reads it without,
   * since a refresh may wait for the engine.
   */
  private volatile Set<Integer> logged = Set.of();

  /**
   * Creates the access for one host.
   *
   * @param channelPorts ports that the operator opened for channels; open whether used or not
   */
  public HostPortAccess(
      HostPortRows rows,
      SandboxEngine engine,
      HostPortSettings settings,
      Set<Integer> channelPorts,
      NodePorts nodes,
      InstantSource clock,
      MeterRegistry metrics) {
    this.rows = rows;
    this.engine = engine;
    this.settings = settings;
    this.channelPorts = Set.copyOf(channelPorts);
    this.nodes = nodes;
    this.clock = clock;
    Gauge.builder("chowder.host.ports.unlisted", this, HostPortAccess::loggedCount)
        .description("open ports of the host that no operator listed")
        .register(metrics);
  }

  private double loggedCount() {
    return logged.size();
  }

  /** Returns whether a base URL may name this port of localhost. */
  public boolean mayName(int port) {
    return state(port, rows.decisions()) == State.LISTED;
  }

  private State state(int port, Map<Integer, Boolean> decisions) {
    if (settings.closed().contains(port) || nodes.ownPorts().contains(port)) return State.OWN;
    var decided = decisions.get(port);
    if (decided != null) return decided ? State.LISTED : State.CLOSED;
    if (settings.models().contains(port) || channelPorts.contains(port)) return State.LISTED;
    return State.UNLISTED;
  }

  /**
   * Opens the port for an agent of this organization if it may be open.
   *
   * @return the state of the port, which is not open if {@link State#CLOSED} or {@link State#OWN}
   */
  public State use(String organizationId, int port) {
    var use = new Use(port, organizationId);
    var now = clock.instant();
    var known = recent;
    if (isRecent(known.get(use), now)) return State.LISTED;
    var state = state(port, rows.decisions());
    if (!mayBeOpen(state)) return state;
    rows.use(port, organizationId, now);
    if (!isOpen(port)) {
      refresh();
      nodes.changed();
    }
    if (state == State.LISTED) known.put(use, now);
    return state;
  }

  private static boolean isRecent(@Nullable Instant recorded, Instant now) {
    return recorded != null && !now.isBefore(recorded) && now.isBefore(recorded.plus(RECENT));
  }

  private synchronized boolean isOpen(int port) {
    return open.contains(port);
  }

  private static boolean mayBeOpen(State state) {
    return state == State.LISTED || state == State.UNLISTED;
  }

  /** Makes the engine open the ports that must be open now, and close all others. */
  public synchronized void refresh() {
    recent = new ConcurrentHashMap<>();
    var decisions = rows.decisions();
    var uses = rows.uses();
    var wanted = new TreeSet<Integer>();
    var unlisted = new TreeSet<Integer>();
    for (int port : union(channelPorts, uses.keySet())) {
      var state = state(port, decisions);
      if (mayBeOpen(state)) wanted.add(port);
      if (state == State.UNLISTED) unlisted.add(port);
    }
    engine.host().openHostPorts(wanted);
    if (!wanted.equals(open)) LOG.info("event=host-ports-changed open={} before={}", wanted, open);
    open = Set.copyOf(wanted);
    for (int port : unlisted) {
      if (logged.contains(port)) continue;
      LOG.warn(
          "event=unlisted-host-port port={} organizations={}: a base URL that was stored before"
              + " ports had to be listed keeps it open to all sandboxes; list or close it with"
              + " /operator/v1/host_ports",
          port,
          uses.get(port));
    }
    logged = Set.copyOf(unlisted);
  }

  /**
   * Updates the stored uses to what agents use now.
   *
   * @param live all instances that are not deleted
   * @param before uses that began later stay, since a port may have come into use during the call
   */
  public void reconcile(Collection<InstanceView> live, Instant before) {
    var used = new HashMap<Integer, Set<String>>();
    var gateways = new HashSet<Integer>();
    for (var view : live) {
      view.endpoint().map(SandboxEndpoint::parse).ifPresent(at -> gateways.add(at.port()));
      LocalhostPort.of(view.profile().model().baseUrl())
          .ifPresent(
              port ->
                  used.computeIfAbsent(port, _ -> new TreeSet<>())
                      .add(view.profile().organizationId()));
    }
    // An agent's gateway is published on such a port, so no model listens there.
    used.keySet().removeAll(gateways);
    reconcile(used, before);
  }

  /**
   * Replaces the stored uses by these.
   *
   * @param used ports with the ids of the organizations that use them
   */
  void reconcile(Map<Integer, Set<String>> used, Instant before) {
    // A use may have begun up to this long after it was recorded.
    boolean changed = rows.reconcile(used, before.minus(RECENT), clock.instant());
    refresh();
    if (changed) nodes.changed();
  }

  /** Returns every port that is listed, in use, or has an operator's decision, in order. */
  public List<HostPort> list() {
    var decisions = rows.decisions();
    var uses = rows.uses();
    var all = new TreeSet<>(union(settings.models(), channelPorts));
    all.addAll(decisions.keySet());
    all.addAll(uses.keySet());
    return all.stream()
        .map(
            port ->
                new HostPort(
                    port, state(port, decisions), isOpen(port), uses.getOrDefault(port, Set.of())))
        .toList();
  }

  /**
   * Stores an operator's decision permanently; it applies to all nodes at once.
   *
   * @param listed whether base URLs may name the port; false closes it
   * @return false if the port is one of Chowder's own, which cannot be listed
   */
  public boolean decide(int port, boolean listed) {
    if (listed && state(port, Map.of()) == State.OWN) return false;
    rows.decide(port, listed, clock.instant());
    LOG.warn("event=host-port-{} port={} by an operator", listed ? "listed" : "closed", port);
    refresh();
    nodes.changed();
    return true;
  }

  private static Set<Integer> union(Set<Integer> one, Set<Integer> other) {
    var all = new TreeSet<>(one);
    all.addAll(other);
    return all;
  }
}
