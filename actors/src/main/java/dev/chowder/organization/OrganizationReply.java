package dev.chowder.organization;

import dev.chowder.actor.CborSerializable;
import java.time.Instant;
import java.util.Map;

/** The reply to an {@link OrganizationCommand}. */
public sealed interface OrganizationReply extends CborSerializable {
  /** The command was accepted; {@code view} is the state after it. */
  record Accepted(OrganizationView view) implements OrganizationReply {}

  /** The instances that hold a slot, and the time at which each reserved it. */
  record Slots(Map<String, Instant> byInstance) implements OrganizationReply {}

  record Refused(OrganizationRejection why) implements OrganizationReply {}
}
