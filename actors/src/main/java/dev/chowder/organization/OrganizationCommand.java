package dev.chowder.organization;

import dev.chowder.actor.CborSerializable;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/** A command to an organization. A {@code keyId} is the id of the acting API key. */
public sealed interface OrganizationCommand extends CborSerializable {
  /**
   * A command that expects a reply. Handling must be idempotent: {@link
   * dev.chowder.actor.RetryingAsk} resends it until it is answered.
   */
  sealed interface Request extends OrganizationCommand {
    ActorRef<OrganizationReply> replyTo();
  }

  /** Reserves or releases a slot. Slot changes that arrive together are decided together. */
  sealed interface SlotChange extends Request {}

  /** Sent by the organization to itself: decides all slot changes that are waiting. */
  record DecideSlots() implements OrganizationCommand {}

  /**
   * Creates the organization. {@code requestId} is new for each request and stays the same when the
   * request is resent.
   */
  record SignUp(String name, String requestId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  record Get(ActorRef<OrganizationReply> replyTo) implements Request {}

  /**
   * Changes all of these settings or none. Before it is sent, each new key is stored in the table
   * of secrets under a new version. A key is valid once its version is accepted.
   *
   * @param keysSet providers with a new key, and its version
   * @param keysRemoved providers whose key is removed
   */
  record Update(
      String keyId,
      Optional<String> name,
      Map<ModelProvider, String> keysSet,
      Set<ModelProvider> keysRemoved,
      Map<ModelProvider, EndpointChange> endpoints,
      Instant now,
      ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /** Records that a key was created. The table of keys already contains the key. */
  record RecordKeyCreated(
      String keyId, String madeId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /** Records that a key was revoked. The table of keys already contains the revocation. */
  record RecordKeyRevoked(
      String keyId, String revokedId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /**
   * Sets the tier for an operator. A lower tier releases no slots; it grants none until enough are
   * free.
   */
  record SetTier(Tier tier, Instant now, ActorRef<OrganizationReply> replyTo) implements Request {}

  /** Suspends the organization for an operator. Its keys are rejected until {@link Resume}. */
  record Suspend(Instant now, ActorRef<OrganizationReply> replyTo) implements Request {}

  /** Ends a suspension for an operator. */
  record Resume(Instant now, ActorRef<OrganizationReply> replyTo) implements Request {}

  /**
   * Deletes the organization permanently for an operator. Its keys, instances, secrets and
   * subscription are removed afterwards, and {@link FinishDeletion} reports that.
   *
   * @param name the organization's name, as a confirmation
   */
  record Delete(String name, Instant now, ActorRef<OrganizationReply> replyTo) implements Request {}

  /**
   * Reports that everything of a deleted organization is removed. Ignored while the organization
   * holds slots or has another subscription: a subscription that began during the cancellation must
   * be cancelled too.
   *
   * @param cancelledSubscriptionId id of the cancelled subscription; empty if there was none
   */
  record FinishDeletion(
      String cancelledSubscriptionId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /**
   * Links the organization to a Stripe customer. If another customer is linked already, and it is
   * not {@code instead}, that link stays; the reply shows it.
   *
   * @param instead customer id to replace; empty if none is linked
   */
  record LinkCustomer(
      String keyId,
      String customerId,
      Optional<String> instead,
      Instant now,
      ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /**
   * Applies the subscription state of a Stripe event. Duplicates and events older than the newest
   * applied one change nothing. As with {@link SetTier}, a lower tier releases no slots.
   */
  record ApplySubscription(SubscriptionFact fact, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /** Reserves a slot before the instance is created. Idempotent. */
  record ReserveSlot(
      String keyId,
      String instanceId,
      ModelProvider provider,
      Instant now,
      ActorRef<OrganizationReply> replyTo)
      implements SlotChange {}

  /** Releases the slot of an instance. Accepted also if the instance holds none. */
  record ReleaseSlot(String instanceId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements SlotChange {}

  /** Stores the view again, even if it is known to be stored. The reply follows the write. */
  record RefreshRow(ActorRef<OrganizationReply> replyTo) implements Request {}

  /** Queries the reserved slots; the reply is {@link OrganizationReply.Slots}. */
  record GetSlots(ActorRef<OrganizationReply> replyTo) implements Request {}
}
