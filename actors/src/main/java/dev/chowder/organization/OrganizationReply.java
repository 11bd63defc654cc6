package dev.chowder.organization;

import dev.chowder.actor.CborSerializable;
import java.time.Instant;
import java.util.Map;

/** The one answer to an {@link OrganizationCommand}. */
public sealed interface OrganizationReply extends CborSerializable {
  /** Done; this is how it stands now. */
  record Accepted(OrganizationView view) implements OrganizationReply {}

  /** The instances that hold a slot, and since when. */
  record Slots(Map<String, Instant> byInstance) implements OrganizationReply {}

  record Refused(OrganizationRejection why) implements OrganizationReply {}
}
