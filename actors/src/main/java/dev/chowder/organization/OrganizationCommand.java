package dev.chowder.organization;

import dev.chowder.actor.CborSerializable;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/** Everything that can be said to an organization. A {@code keyId} is the acting key's. */
public sealed interface OrganizationCommand extends CborSerializable {
  /**
   * Commands that are answered, each time they are said: {@link dev.chowder.actor.RetryingAsk} says
   * one again while its answer is missing, and that must change no more than once was to.
   */
  sealed interface Request extends OrganizationCommand {
    ActorRef<OrganizationReply> replyTo();
  }

  /** Takes a slot or gives one back; those that come together are decided together. */
  sealed interface SlotChange extends Request {}

  /** Its own: whoever waits for a slot change has waited for all that came together. */
  record DecideSlots() implements OrganizationCommand {}

  /** {@code requestId} is new for each request and stays the same when it is resent. */
  record SignUp(String name, String requestId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  record Get(ActorRef<OrganizationReply> replyTo) implements Request {}

  /**
   * Changes settings, all or none. The keys themselves are written into the table of secrets before
   * this is sent, each under a new version. A key is valid once its version is accepted.
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

  /** Has the history tell that a key was made; it is in the table of keys by then. */
  record RecordKeyCreated(
      String keyId, String madeId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /** The same of one that was ended. */
  record RecordKeyRevoked(
      String keyId, String revokedId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /** An operator's; a lower tier takes no slot away, and gives none until enough are free. */
  record SetTier(Tier tier, Instant now, ActorRef<OrganizationReply> replyTo) implements Request {}

  /** Suspends the organization for an operator: its keys are rejected until {@link Resume}. */
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
   * Reports that nothing is left of a deleted organization. Ignored while it holds slots, or has
   * another subscription: one that began during the cancellation must be cancelled too.
   *
   * @param cancelledSubscriptionId the cancelled one; empty if there was none
   */
  record FinishDeletion(
      String cancelledSubscriptionId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /**
   * Tells what Stripe knows the organization as. Another one that came first stays, and is seen in
   * the answer.
   *
   * @param instead of which customer; empty: of none
   */
  record LinkCustomer(
      String keyId,
      String customerId,
      Optional<String> instead,
      Instant now,
      ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /**
   * Stripe's; what is older than the newest that was heard, or comes again, changes nothing. For
   * the tier the same holds as for {@link SetTier}.
   */
  record ApplySubscription(SubscriptionFact fact, Instant now, ActorRef<OrganizationReply> replyTo)
      implements Request {}

  /** Takes a slot before the instance exists; a slot that it has already is its own again. */
  record ReserveSlot(
      String keyId,
      String instanceId,
      ModelProvider provider,
      Instant now,
      ActorRef<OrganizationReply> replyTo)
      implements SlotChange {}

  /** Gives a slot back; not taken: accepted all the same. */
  record ReleaseSlot(String instanceId, Instant now, ActorRef<OrganizationReply> replyTo)
      implements SlotChange {}

  /**
   * Has the view stored once more, whatever is believed to be there; answered when that is done.
   */
  record RefreshRow(ActorRef<OrganizationReply> replyTo) implements Request {}

  /** Asks which slots are taken; answered by {@link OrganizationReply.Slots}. */
  record GetSlots(ActorRef<OrganizationReply> replyTo) implements Request {}
}
