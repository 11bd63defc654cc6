package dev.chowder.rebinding;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.instance.InstanceReadRows;
import dev.chowder.sandbox.HostRebindings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.storage.HostRebindingRows;
import dev.chowder.storage.HostRebindingRows.Rebinding;
import dev.chowder.storage.InstanceRows;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The hosts that references of sandboxes name. Stores operators' decisions that the host of this
 * node's engine replaces another one. Does not know whether the home volumes are there.
 *
 * <p>Nothing is cached, so that every node uses a decision at once. Few calls need one: only those
 * about a sandbox of another host whose home volume is not here. Every method may block.
 */
public record SandboxHosts(
    HostRebindingRows rows, InstanceRows instances, SandboxEngine engine, InstantSource clock)
    implements HostRebindings {
  private static final Logger LOG = LoggerFactory.getLogger(SandboxHosts.class);

  private static final int PAGE = 500;

  /** The host of an engine is the same for all sandboxes, so any id will do. */
  private static final SandboxId ANY = SandboxId.ofInstance(new UUID(0, 0).toString());

  /**
   * A host.
   *
   * @param engine name of its engine
   * @param host its identity
   * @param own whether the engine of this node has it
   * @param instances number of instances whose reference names it; includes pool members, and
   *     deleted instances whose removal is pending
   * @param rebinding the decision about it; empty if there is none
   */
  public record Host(
      String engine, String host, boolean own, int instances, Optional<Rebinding> rebinding) {}

  /** The result of a decision. */
  public enum Decided {
    DONE,
    /** No reference names the host, it was not rebound, and no host was rebound to it. */
    UNKNOWN_HOST,
    /** The host is that of this node's engine. */
    OWN_HOST,
    /** The host is one of another engine than that of this node. */
    OTHER_ENGINE
  }

  private record Key(String engine, String host) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int byEngine = engine.compareTo(other.engine);
      return byEngine == 0 ? host.compareTo(other.host) : byEngine;
    }
  }

  @Override
  public Optional<String> reboundTo(String engineName, String host) {
    return rebindings().stream()
        .filter(one -> one.engine().equals(engineName) && one.host().equals(host))
        .map(Rebinding::reboundTo)
        .findFirst();
  }

  /** Callers of a sandbox handle failures of its engine, so that an outage looks like one. */
  private List<Rebinding> rebindings() {
    try {
      return rows.all();
    } catch (RuntimeException why) {
      LOG.warn("event=rebindings-not-read cause={}", why.toString());
      throw new SandboxException(
          SandboxException.Reason.ENGINE_UNREACHABLE,
          cannot("find the host of the sandbox", "the database does not respond", "retry later"),
          why);
    }
  }

  /**
   * Returns the host of this node's engine, the hosts that references name, and those that were
   * rebound, by engine and identity.
   *
   * @throws dev.chowder.sandbox.SandboxException if the engine does not respond
   */
  public List<Host> list() {
    var own = own();
    var counts = new TreeMap<Key, Integer>();
    counts.put(own, 0);
    var decided = new TreeMap<Key, Rebinding>();
    for (var one : rows.all()) {
      var key = new Key(one.engine(), one.host());
      decided.put(key, one);
      counts.put(key, 0);
    }
    instances.forEachKept(
        PAGE,
        row ->
            InstanceReadRows.view(row)
                .profile()
                .sandbox()
                .ifPresent(
                    ref -> counts.merge(new Key(ref.engine(), ref.host()), 1, Integer::sum)));
    return counts.entrySet().stream()
        .map(
            entry ->
                new Host(
                    entry.getKey().engine(),
                    entry.getKey().host(),
                    entry.getKey().equals(own),
                    entry.getValue(),
                    Optional.ofNullable(decided.get(entry.getKey()))))
        .toList();
  }

  /**
   * Stores that the host of this node's engine replaces another host, and the hosts that the other
   * one replaced. A repetition changes nothing.
   */
  public Decided rebind(String host) {
    var own = own();
    if (host.equals(own.host())) return Decided.OWN_HOST;
    var decision = check(host, own);
    if (decision != Decided.DONE) return decision;
    replacedBy(host, own).forEach(one -> rebind(one, own));
    rebind(host, own);
    return decision;
  }

  /** Returns the hosts of the own engine that an operator rebound to a host. */
  private List<String> replacedBy(String host, Key own) {
    return rows.all().stream()
        .filter(one -> one.engine().equals(own.engine()) && one.reboundTo().equals(host))
        .map(Rebinding::host)
        .toList();
  }

  private void rebind(String host, Key own) {
    // The volumes came back to this host, whose own identity needs no decision.
    if (host.equals(own.host())) rows.remove(own.engine(), host);
    else rows.put(new Rebinding(own.engine(), host, own.host(), clock.instant()));
    LOG.warn("event=host-rebound host={} to={} by an operator", host, own.host());
  }

  /**
   * Ends the rebinding of a host, if there is one; see {@link #rebind}. The host may be that of
   * this node, if the volumes of its engine were somewhere else before.
   */
  public Decided unbind(String host) {
    var own = own();
    var decision = check(host, own);
    if (decision != Decided.DONE) return decision;
    rows.remove(own.engine(), host);
    LOG.warn("event=host-unbound host={} by an operator", host);
    return decision;
  }

  private Decided check(String host, Key own) {
    var known = list().stream().filter(one -> one.host().equals(host)).toList();
    if (known.isEmpty()) {
      return replacedBy(host, own).isEmpty() ? Decided.UNKNOWN_HOST : Decided.DONE;
    }
    boolean sameEngine = known.stream().anyMatch(one -> one.engine().equals(own.engine()));
    return sameEngine ? Decided.DONE : Decided.OTHER_ENGINE;
  }

  private Key own() {
    var ref = engine.ref(ANY);
    return new Key(ref.engine(), ref.host());
  }
}
