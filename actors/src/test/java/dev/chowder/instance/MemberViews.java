package dev.chowder.instance;

import dev.chowder.base.Ids;
import dev.chowder.sandbox.SandboxRef;
import dev.chowder.storage.InstanceRow;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** Provides views of pool members, and of instances, to the tests of other packages. */
public final class MemberViews {
  public static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-00000000000a");
  public static final String ENDPOINT = States.ENDPOINT;

  /** When the discarded member was discarded. */
  public static final Instant ENDED = States.T0;

  private MemberViews() {}

  public static InstanceView running() {
    return view(States.running());
  }

  public static InstanceView pooled() {
    return view(States.pooled());
  }

  /** Returns a member that is being created. */
  public static InstanceView warming() {
    return view(Objects.requireNonNull(States.all().get("Warming")));
  }

  /** Returns a member whose sandbox is being removed. */
  public static InstanceView discarded() {
    return view(Objects.requireNonNull(States.all().get("Discarded")));
  }

  /** Returns a member whose sandbox was removed. */
  public static InstanceView removed() {
    return view(
        States.then(
            Objects.requireNonNull(States.all().get("Discarded")),
            new InstanceEvent.SandboxRemoved(States.T0)));
  }

  /** Returns the row of an instance whose sandbox was created. */
  public static InstanceRow rowIn(SandboxRef sandbox) {
    var state = States.after(States.created(), States.sandboxCreated(1, sandbox));
    return InstanceReadRows.row(
        InstanceView.of(new InstanceId(Ids.next()), 1, state).orElseThrow());
  }

  /** Returns the row of a deleted instance whose sandbox is still to be removed. */
  public static InstanceRow deletedRowIn(SandboxRef sandbox) {
    var state =
        States.after(
            States.created(),
            States.sandboxCreated(1, sandbox),
            new InstanceEvent.Deleted("key", "delete", States.T0));
    return InstanceReadRows.row(
        InstanceView.of(new InstanceId(Ids.next()), 1, state).orElseThrow());
  }

  /** Returns the view of a state; empty if the instance was never created. */
  public static Optional<InstanceView> of(InstanceState state) {
    return InstanceView.of(ID, 1, state);
  }

  private static InstanceView view(InstanceState state) {
    return InstanceView.of(ID, 1, state).orElseThrow();
  }
}
