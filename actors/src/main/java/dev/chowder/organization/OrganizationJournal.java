package dev.chowder.organization;

import static dev.chowder.base.ErrorText.cannot;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.actor.ProtoTime;
import dev.chowder.journal.v1.OrganizationCustomerLinked;
import dev.chowder.journal.v1.OrganizationDeleted;
import dev.chowder.journal.v1.OrganizationDeletionRequested;
import dev.chowder.journal.v1.OrganizationEndpointRemoved;
import dev.chowder.journal.v1.OrganizationEndpointSet;
import dev.chowder.journal.v1.OrganizationKeyMade;
import dev.chowder.journal.v1.OrganizationKeyRevoked;
import dev.chowder.journal.v1.OrganizationProviderKeyRemoved;
import dev.chowder.journal.v1.OrganizationProviderKeySet;
import dev.chowder.journal.v1.OrganizationRenamed;
import dev.chowder.journal.v1.OrganizationResumed;
import dev.chowder.journal.v1.OrganizationSignedUp;
import dev.chowder.journal.v1.OrganizationSlotReleased;
import dev.chowder.journal.v1.OrganizationSlotReserved;
import dev.chowder.journal.v1.OrganizationSubscriptionHeard;
import dev.chowder.journal.v1.OrganizationSuspended;
import dev.chowder.journal.v1.OrganizationTierSet;
import java.time.Instant;
import org.apache.pekko.persistence.typed.EventAdapter;
import org.apache.pekko.persistence.typed.EventSeq;

/** Converts events to and from the form that the journal stores permanently. */
public final class OrganizationJournal
    extends EventAdapter<OrganizationEvent, dev.chowder.journal.v1.OrganizationEvent> {
  /** The highest event type number in version 0 of the format. */
  private static final int LAST_OF_VERSION_0 =
      dev.chowder.journal.v1.OrganizationEvent.KEY_REVOKED_FIELD_NUMBER;

  @Override
  public dev.chowder.journal.v1.OrganizationEvent toJournal(OrganizationEvent event) {
    var stored =
        dev.chowder.journal.v1.OrganizationEvent.newBuilder()
            .setAt(ProtoTime.stamp(event.at()))
            .setKeyId(event.keyId());
    var full =
        switch (event) {
          case OrganizationEvent.SignedUp e ->
              stored.setSignedUp(
                  OrganizationSignedUp.newBuilder()
                      .setName(e.name())
                      .setTier(e.tier().label())
                      .setRequestId(e.requestId()));
          case OrganizationEvent.Renamed e ->
              stored.setRenamed(OrganizationRenamed.newBuilder().setName(e.name()));
          case OrganizationEvent.ProviderKeySet e ->
              stored.setProviderKeySet(
                  OrganizationProviderKeySet.newBuilder()
                      .setProvider(e.provider().label())
                      .setVersion(JournalFields.storedVersion(e.version())));
          case OrganizationEvent.ProviderKeyRemoved e ->
              stored.setProviderKeyRemoved(
                  OrganizationProviderKeyRemoved.newBuilder().setProvider(e.provider().label()));
          case OrganizationEvent.EndpointSet e ->
              stored.setEndpointSet(JournalFields.endpoint(e.provider(), e.endpoint()));
          case OrganizationEvent.EndpointRemoved e ->
              stored.setEndpointRemoved(
                  OrganizationEndpointRemoved.newBuilder().setProvider(e.provider().label()));
          case OrganizationEvent.KeyMade e ->
              stored.setKeyMade(OrganizationKeyMade.newBuilder().setId(e.madeId()));
          case OrganizationEvent.KeyRevoked e ->
              stored.setKeyRevoked(OrganizationKeyRevoked.newBuilder().setId(e.revokedId()));
          case OrganizationEvent.TierSet e ->
              stored.setTierSet(OrganizationTierSet.newBuilder().setTier(e.tier().label()));
          case OrganizationEvent.Suspended _ ->
              stored.setSuspended(OrganizationSuspended.getDefaultInstance());
          case OrganizationEvent.Resumed _ ->
              stored.setResumed(OrganizationResumed.getDefaultInstance());
          case OrganizationEvent.DeletionRequested _ ->
              stored.setDeletionRequested(OrganizationDeletionRequested.getDefaultInstance());
          case OrganizationEvent.Deleted _ ->
              stored.setDeleted(OrganizationDeleted.getDefaultInstance());
          case OrganizationEvent.CustomerLinked e ->
              stored.setCustomerLinked(
                  OrganizationCustomerLinked.newBuilder().setCustomerId(e.customerId()));
          case OrganizationEvent.SubscriptionReported e ->
              stored.setSubscriptionHeard(subscriptionHeard(e));
          case OrganizationEvent.SlotReserved e ->
              stored.setSlotReserved(
                  OrganizationSlotReserved.newBuilder().setInstanceId(e.instanceId()));
          case OrganizationEvent.SlotReleased e ->
              stored.setSlotReleased(
                  OrganizationSlotReleased.newBuilder().setInstanceId(e.instanceId()));
        };
    return full.build();
  }

  /** Returns the version of the journal's format that introduced this type of event. */
  static int versionOf(OrganizationEvent event) {
    return new OrganizationJournal().toJournal(event).getEventCase().getNumber()
            <= LAST_OF_VERSION_0
        ? 0
        : 1;
  }

  @Override
  public EventSeq<OrganizationEvent> fromJournal(
      dev.chowder.journal.v1.OrganizationEvent stored, String manifest) {
    return EventSeq.single(read(stored));
  }

  @Override
  public String manifest(OrganizationEvent event) {
    return "";
  }

  /** Parses a stored event. */
  public static OrganizationEvent parse(ByteString payload) {
    try {
      return read(dev.chowder.journal.v1.OrganizationEvent.parseFrom(payload));
    } catch (InvalidProtocolBufferException why) {
      throw new IllegalStateException(cannot("read an organization event", "it is malformed"), why);
    }
  }

  static OrganizationEvent read(dev.chowder.journal.v1.OrganizationEvent stored) {
    Instant at = ProtoTime.instant(stored.getAt());
    String keyId = stored.getKeyId();
    return switch (stored.getEventCase()) {
      case SIGNED_UP ->
          new OrganizationEvent.SignedUp(
              stored.getSignedUp().getName(),
              JournalFields.tier(stored.getSignedUp().getTier()),
              stored.getSignedUp().getRequestId(),
              at);
      case RENAMED -> new OrganizationEvent.Renamed(keyId, stored.getRenamed().getName(), at);
      case PROVIDER_KEY_SET ->
          new OrganizationEvent.ProviderKeySet(
              keyId,
              JournalFields.provider(stored.getProviderKeySet().getProvider()),
              JournalFields.keyVersion(stored.getProviderKeySet().getVersion()),
              at);
      case PROVIDER_KEY_REMOVED ->
          new OrganizationEvent.ProviderKeyRemoved(
              keyId, JournalFields.provider(stored.getProviderKeyRemoved().getProvider()), at);
      case ENDPOINT_SET -> endpointSet(keyId, stored.getEndpointSet(), at);
      case ENDPOINT_REMOVED ->
          new OrganizationEvent.EndpointRemoved(
              keyId, JournalFields.provider(stored.getEndpointRemoved().getProvider()), at);
      case KEY_MADE -> new OrganizationEvent.KeyMade(keyId, stored.getKeyMade().getId(), at);
      case KEY_REVOKED ->
          new OrganizationEvent.KeyRevoked(keyId, stored.getKeyRevoked().getId(), at);
      case TIER_SET ->
          new OrganizationEvent.TierSet(JournalFields.tier(stored.getTierSet().getTier()), at);
      case SUSPENDED -> new OrganizationEvent.Suspended(at);
      case RESUMED -> new OrganizationEvent.Resumed(at);
      case DELETION_REQUESTED -> new OrganizationEvent.DeletionRequested(at);
      case DELETED -> new OrganizationEvent.Deleted(at);
      case CUSTOMER_LINKED ->
          new OrganizationEvent.CustomerLinked(
              keyId, stored.getCustomerLinked().getCustomerId(), at);
      case SUBSCRIPTION_HEARD -> subscriptionHeard(stored.getSubscriptionHeard(), at);
      case SLOT_RESERVED ->
          new OrganizationEvent.SlotReserved(keyId, stored.getSlotReserved().getInstanceId(), at);
      case SLOT_RELEASED ->
          new OrganizationEvent.SlotReleased(stored.getSlotReleased().getInstanceId(), at);
      case EVENT_NOT_SET ->
          throw new IllegalStateException(
              cannot(
                  "read an organization event",
                  "a newer version of Chowder wrote it",
                  "run that version"));
    };
  }

  private static OrganizationSubscriptionHeard subscriptionHeard(
      OrganizationEvent.SubscriptionReported e) {
    return OrganizationSubscriptionHeard.newBuilder()
        .setSubscriptionId(e.subscriptionId())
        .setTier(JournalFields.label(e.tier()))
        .setEnded(e.ended())
        .setEventId(e.eventId())
        .setEventAt(ProtoTime.stamp(e.eventAt()))
        .build();
  }

  private static OrganizationEvent subscriptionHeard(
      OrganizationSubscriptionHeard stored, Instant at) {
    return new OrganizationEvent.SubscriptionReported(
        stored.getSubscriptionId(),
        JournalFields.tierIfSet(stored.getTier()),
        stored.getEnded(),
        stored.getEventId(),
        ProtoTime.instant(stored.getEventAt()),
        at);
  }

  private static OrganizationEvent endpointSet(
      String keyId, OrganizationEndpointSet stored, Instant at) {
    return new OrganizationEvent.EndpointSet(
        keyId, JournalFields.provider(stored.getProvider()), JournalFields.endpoint(stored), at);
  }
}
