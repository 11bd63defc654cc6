package dev.chowder.server.instance;

import static dev.chowder.actor.ProtoTime.stamp;

import dev.chowder.api.v1.Event;
import dev.chowder.api.v1.Stage;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.instance.InstanceEvent;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceJournal;
import dev.chowder.organization.OrganizationEvent;
import dev.chowder.organization.OrganizationJournal;
import dev.chowder.organization.Tier;
import dev.chowder.storage.EventRow;
import java.time.Duration;
import java.util.StringJoiner;

/** Builds events of the API from entries of the journal. Does not check who may see them. */
final class EventPresenter {
  private static final String INSTANCE = InstanceEntity.ENTITY_KEY.name() + "|";

  private EventPresenter() {}

  /** Returns the id of an instance in the journal. */
  static String persistenceId(InstanceId id) {
    return INSTANCE + id.value();
  }

  static Event event(EventRow row) {
    var shown =
        Event.newBuilder()
            .setId(Long.toString(row.ordering()))
            .setRevision((int) row.sequenceNumber());
    if (row.persistenceId().startsWith(INSTANCE)) {
      var event = InstanceJournal.parse(row.payload());
      shown.setInstanceId(row.persistenceId().substring(INSTANCE.length()));
      shown.setAt(stamp(event.at()));
      if (!event.keyId().isEmpty()) shown.setKeyId(event.keyId());
      describe(event, shown);
    } else {
      var event = OrganizationJournal.parse(row.payload());
      shown.setAt(stamp(event.at()));
      if (!event.keyId().isEmpty()) shown.setKeyId(event.keyId());
      describe(event, shown);
    }
    return shown.build();
  }

  private static void describe(InstanceEvent event, Event.Builder shown) {
    switch (event) {
      // Callers see a pool member from its claim on, and to them that is its creation.
      case InstanceEvent.Created _, InstanceEvent.Claimed _ -> shown.setType("created");
      case InstanceEvent.MemberCreated _ -> shown.setType("member_created");
      case InstanceEvent.Discarded _ -> shown.setType("discarded");
      case InstanceEvent.CreationForbidden _ -> shown.setType("birth_forbidden");
      case InstanceEvent.StageFinished e ->
          shown.setType("stage_finished").setStage(InstancePresenter.stage(e.done()));
      case InstanceEvent.Failed e -> {
        shown.setType("failed").setReason(e.reason()).setMessage(e.message());
        e.stage()
            .ifPresent(
                stage ->
                    shown.setStage(
                        Stage.newBuilder()
                            .setName(stage.label())
                            .setOutcome(Stage.Outcome.failed)
                            .setStartedAt(stamp(e.startedAt()))
                            .setDurationMs(
                                (int) Duration.between(e.startedAt(), e.at()).toMillis())));
      }
      case InstanceEvent.StopRequested _ -> shown.setType("stop_requested");
      case InstanceEvent.Stopped _ -> shown.setType("stopped");
      case InstanceEvent.SleepRequested e ->
          setMessage(e.level().label(), shown.setType("sleep_requested"));
      case InstanceEvent.SleepReached e ->
          setMessage(e.level().label(), shown.setType("sleep_reached"));
      case InstanceEvent.StartRequested e ->
          setMessage(e.cause(), shown.setType("start_requested"));
      case InstanceEvent.GatewayLost e ->
          shown.setType("gateway_lost").setReason(e.reason()).setMessage(e.message());
      case InstanceEvent.RestartRequested _ -> shown.setType("restart_requested");
      case InstanceEvent.Recovered _ -> shown.setType("recovered");
      case InstanceEvent.Updated e -> setMessage(changed(e), shown.setType("updated"));
      case InstanceEvent.ConfigApplied e -> setMessage(e.note(), shown.setType("config_applied"));
      case InstanceEvent.TokenRotationRequested _ -> shown.setType("token_rotation_requested");
      case InstanceEvent.TokenRotated _ -> shown.setType("token_rotated");
      case InstanceEvent.ChannelSwitched e ->
          setMessage(
              e.channel(),
              shown.setType(e.enabled() ? "channel_connected" : "channel_disconnected"));
      case InstanceEvent.EndpointMoved _ -> shown.setType("endpoint_moved");
      case InstanceEvent.LaterAttemptFound _ -> shown.setType("later_attempt_found");
      case InstanceEvent.Deleted _ -> shown.setType("deleted");
      case InstanceEvent.SlotReleased _ -> shown.setType("slot_released");
      case InstanceEvent.SlotFound _ -> shown.setType("slot_found");
      case InstanceEvent.SandboxRemoved _ -> shown.setType("sandbox_removed");
      case InstanceEvent.LeftoverFound _ -> shown.setType("leftover_found");
    }
  }

  private static void describe(OrganizationEvent event, Event.Builder shown) {
    switch (event) {
      case OrganizationEvent.SignedUp e -> setMessage(e.name(), shown.setType("signed_up"));
      case OrganizationEvent.Renamed e -> setMessage(e.name(), shown.setType("renamed"));
      case OrganizationEvent.TierSet e -> setMessage(e.tier().label(), shown.setType("tier_set"));
      case OrganizationEvent.ProviderKeySet e ->
          setMessage(e.provider().label(), shown.setType("provider_key_set"));
      case OrganizationEvent.ProviderKeyRemoved e ->
          setMessage(e.provider().label(), shown.setType("provider_key_removed"));
      case OrganizationEvent.EndpointSet e ->
          setMessage(e.provider().label(), shown.setType("endpoint_set"));
      case OrganizationEvent.EndpointRemoved e ->
          setMessage(e.provider().label(), shown.setType("endpoint_removed"));
      case OrganizationEvent.KeyMade e -> setMessage(e.madeId(), shown.setType("key_made"));
      case OrganizationEvent.KeyRevoked e ->
          setMessage(e.revokedId(), shown.setType("key_revoked"));
      case OrganizationEvent.Suspended _ -> shown.setType("suspended");
      case OrganizationEvent.Resumed _ -> shown.setType("resumed");
      case OrganizationEvent.DeletionRequested _ -> shown.setType("deletion_requested");
      case OrganizationEvent.Deleted _ -> shown.setType("deleted");
      case OrganizationEvent.CustomerLinked e ->
          setMessage(e.customerId(), shown.setType("customer_linked"));
      case OrganizationEvent.SubscriptionReported e ->
          setMessage(
              e.ended() ? "ended" : e.tier().map(Tier::label).orElse("not paid"),
              shown.setType("subscription_heard"));
      case OrganizationEvent.SlotReserved e ->
          setMessage(e.instanceId(), shown.setType("slot_reserved"));
      case OrganizationEvent.SlotReleased e ->
          setMessage(e.instanceId(), shown.setType("slot_released"));
    }
  }

  private static void setMessage(String message, Event.Builder shown) {
    if (!message.isEmpty()) shown.setMessage(message);
  }

  /** Returns the names of the changed fields, without their values. */
  private static String changed(InstanceEvent.Updated event) {
    var fields = new StringJoiner(", ");
    if (event.name().isPresent()) fields.add("name");
    if (event.labels().isPresent()) fields.add("labels");
    if (!event.overrides().isEmpty()) fields.add("openclaw_config");
    return fields.toString();
  }
}
