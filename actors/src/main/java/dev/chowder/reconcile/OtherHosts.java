package dev.chowder.reconcile;

import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.Sandboxes;
import java.util.Optional;

/**
 * Finds the instances whose sandbox is on a host that no node has. A sandbox of the same id on this
 * host proves nothing about such an instance, so it is neither used nor removed.
 */
final class OtherHosts {
  private final Sandboxes sandboxes;

  OtherHosts(Sandboxes sandboxes) {
    this.sandboxes = sandboxes;
  }

  /** Returns on which other host the sandbox of an instance is; empty if it is on this one. */
  Optional<ObservedState.OtherHost> of(InstanceView view) {
    try {
      sandboxes.requireHere(view.id().value(), view.profile().sandbox());
      return Optional.empty();
    } catch (SandboxException why) {
      if (why.reason() != SandboxException.Reason.ELSEWHERE) throw why;
      return Optional.of(new ObservedState.OtherHost(String.valueOf(why.getMessage())));
    }
  }

  /** Returns whether the sandbox of an instance is on another host; false if there is none. */
  boolean have(Optional<InstanceView> view) {
    return view.flatMap(this::of).isPresent();
  }
}
