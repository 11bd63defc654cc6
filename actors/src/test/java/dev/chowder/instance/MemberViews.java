package dev.chowder.instance;

import java.time.Instant;
import java.util.Objects;

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

  private static InstanceView view(InstanceState state) {
    return InstanceView.of(ID, 1, state).orElseThrow();
  }
}
