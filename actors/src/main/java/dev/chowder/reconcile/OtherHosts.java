package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.Sandboxes;
import java.util.Collection;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the instances whose sandbox is on another host than that of this node. A sandbox of the
 * same id on this host proves nothing about such an instance, so it is neither used nor removed.
 */
record OtherHosts(Sandboxes sandboxes) {
  private static final Logger LOG = LoggerFactory.getLogger(OtherHosts.class);

  /**
   * Returns why the sandbox of an instance is on another host; empty if it is on this one.
   *
   * @param seen the sandbox of this instance, as the engine observed it
   */
  Optional<ObservedState.OtherHost> of(InstanceView view, SandboxObservation seen) {
    try {
      sandboxes.requireHere(view.profile().home(), seen);
      return Optional.empty();
    } catch (SandboxException why) {
      if (why.reason() != SandboxException.Reason.ELSEWHERE) throw why;
      return Optional.of(new ObservedState.OtherHost(String.valueOf(why.getMessage())));
    }
  }

  /** Logs what a release of the halted reconciler does to instances of other hosts. */
  static void logHalt(Collection<Drift> drifts) {
    var hosts = new TreeMap<String, Integer>();
    for (var drift : drifts) {
      if (!(drift instanceof Drift.Unreachable(var view))) continue;
      view.profile().sandbox().ifPresent(ref -> hosts.merge(ref.host(), 1, Integer::sum));
    }
    if (hosts.isEmpty()) return;
    LOG.error(
        "event=other-hosts-halted running_instances_by_host={}: a release fails these instances"
            + " (ELSEWHERE); first move their home volumes to this host, or call RebindHost for a"
            + " host that is lost with its volumes",
        hosts);
  }

  /** Returns whether the sandbox of an instance is on another host; false if there is none. */
  boolean have(Optional<InstanceView> view, SandboxObservation seen) {
    return view.flatMap(one -> of(one, seen)).isPresent();
  }
}
