package dev.chowder.cluster;

import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.actor.AbstractExtensionId;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.Extension;

/** Hands the node's {@link Membership} to the {@link MemberJoinDecider}, which Pekko creates. */
final class MembershipExtension extends AbstractExtensionId<MembershipExtension.Slot> {
  static final MembershipExtension ID = new MembershipExtension();

  /** One for each actor system. */
  static final class Slot implements Extension {
    private final AtomicReference<Membership> membership =
        new AtomicReference<>(Membership.ofOnlyProcess());

    Membership get() {
      return membership.get();
    }

    void set(Membership ofThisNode) {
      membership.set(ofThisNode);
    }
  }

  private MembershipExtension() {}

  @Override
  public Slot createExtension(ExtendedActorSystem system) {
    return new Slot();
  }
}
