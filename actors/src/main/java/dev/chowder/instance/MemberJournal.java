package dev.chowder.instance;

import dev.chowder.journal.v1.InstanceDiscarded;
import java.time.Instant;

/** Translates the end of a pool member to and from its stored form. */
final class MemberJournal {
  private MemberJournal() {}

  static InstanceDiscarded stored(InstanceEvent.Discarded event) {
    return InstanceDiscarded.newBuilder()
        .setSlotHeld(event.slotHeld())
        .setReason(event.reason())
        .build();
  }

  static InstanceEvent.Discarded discarded(InstanceDiscarded stored, Instant at) {
    return new InstanceEvent.Discarded(stored.getSlotHeld(), stored.getReason(), at);
  }
}
