package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;

import java.util.Optional;
import java.util.Set;

/**
 * Finds the sandboxes of instances by the references in their journals, on the engine of this node.
 * The parts of Chowder that use sandboxes, but do not run them, have no engine.
 */
public final class Sandboxes {
  private final SandboxEngine engine;
  private final Set<String> movedHosts;

  /**
   * Creates the sandboxes of an engine.
   *
   * @param movedHosts identities of hosts whose home volumes were moved to this engine
   */
  public Sandboxes(SandboxEngine engine, Set<String> movedHosts) {
    this.engine = engine;
    this.movedHosts = Set.copyOf(movedHosts);
  }

  /**
   * Returns the sandbox of an instance, whether it exists or not. If the reference names an engine
   * or a host that this node does not have, each call of the sandbox fails with {@link
   * SandboxException.Reason#ELSEWHERE}.
   *
   * @param ref the reference in the instance's journal; if it is empty, the id of the sandbox is
   *     derived from the instance's id
   */
  public Sandbox of(String instanceId, Optional<SandboxRef> ref) {
    var derived = SandboxId.ofInstance(instanceId);
    return new Sandbox(engine, () -> ref.map(it -> resolve(it, derived)).orElse(derived));
  }

  /**
   * Returns the sandbox that an instance has or would have on this node's engine, wherever its
   * reference points to.
   */
  public Sandbox onThisEngine(String instanceId) {
    return of(instanceId, Optional.empty());
  }

  private SandboxId resolve(SandboxRef ref, SandboxId derived) {
    var here = engine.ref(derived);
    boolean isHere = ref.host().equals(here.host()) || movedHosts.contains(ref.host());
    if (ref.engine().equals(here.engine()) && isHere) return new SandboxId(ref.id());
    throw new SandboxException(
        SandboxException.Reason.ELSEWHERE,
        cannot(
            "use sandbox " + ref.id(),
            "it is on host %s of engine %s, and this node has host %s of engine %s"
                .formatted(ref.host(), ref.engine(), here.host(), here.engine()),
            "if its home volume was moved here, add its host to chowder.sandbox.moved-hosts"));
  }

  /** Returns the host that the engine shares with this node. */
  public SandboxHost host() {
    return engine.host();
  }
}
