package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;

import java.util.Optional;

/**
 * Finds the sandboxes of instances by the references in their journals, on the engine of this node.
 * The parts of Chowder that use sandboxes, but do not run them, have no engine.
 */
public final class Sandboxes {
  private final SandboxEngine engine;
  private final HostRebindings rebindings;

  /**
   * Creates the sandboxes of an engine.
   *
   * @param rebindings hosts whose home volumes were moved to another host
   */
  public Sandboxes(SandboxEngine engine, HostRebindings rebindings) {
    this.engine = engine;
    this.rebindings = rebindings;
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
   * Checks that this node has the host of an instance's sandbox. May block.
   *
   * @param ref the reference in the instance's journal; nothing is checked if it is empty
   * @throws SandboxException {@link SandboxException.Reason#ELSEWHERE} if it does not
   */
  public void requireHere(String instanceId, Optional<SandboxRef> ref) {
    ref.ifPresent(
        it -> {
          var _ = resolve(it, SandboxId.ofInstance(instanceId));
        });
  }

  private SandboxId resolve(SandboxRef ref, SandboxId derived) {
    var here = engine.ref(derived);
    if (isHere(ref, here)) return new SandboxId(ref.id());
    throw new SandboxException(
        SandboxException.Reason.ELSEWHERE,
        cannot(
            "use sandbox " + ref.id(),
            "it is on host %s of engine %s, and this node has host %s of engine %s"
                .formatted(ref.host(), ref.engine(), here.host(), here.engine()),
            "if its home volume was moved here, an operator must call RebindHost"));
  }

  private boolean isHere(SandboxRef ref, SandboxRef here) {
    if (!ref.engine().equals(here.engine())) return false;
    // Most references name this host, so that the rebindings are not queried for them.
    return ref.host().equals(here.host())
        || rebindings
            .reboundTo(ref.engine(), ref.host())
            .filter(host -> host.equals(here.host()))
            .isPresent();
  }

  /** Returns the host that the engine shares with this node. */
  public SandboxHost host() {
    return engine.host();
  }
}
