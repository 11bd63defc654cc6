package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.Sandboxes;
import java.util.Optional;

/**
 * Finds the instances whose sandbox is on another host than that of this node. A sandbox of the
 * same id on this host proves nothing about such an instance, so it is neither used nor removed.
 */
final class OtherHosts {
  private final Sandboxes sandboxes;

  OtherHosts(Sandboxes sandboxes) {
    this.sandboxes = sandboxes;
  }

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

  /** Returns whether the sandbox of an instance is on another host; false if there is none. */
  boolean have(Optional<InstanceView> view, SandboxObservation seen) {
    return view.flatMap(one -> of(one, seen)).isPresent();
  }
}
