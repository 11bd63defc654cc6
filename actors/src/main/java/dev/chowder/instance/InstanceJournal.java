package dev.chowder.instance;

import static dev.chowder.actor.ProtoTime.instant;
import static dev.chowder.actor.ProtoTime.stamp;
import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.instance.StageJournal.stageFinished;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.chowder.journal.v1.InstanceBirthForbidden;
import dev.chowder.journal.v1.InstanceChannelSwitched;
import dev.chowder.journal.v1.InstanceClaimed;
import dev.chowder.journal.v1.InstanceConfigApplied;
import dev.chowder.journal.v1.InstanceDeleted;
import dev.chowder.journal.v1.InstanceEndpointMoved;
import dev.chowder.journal.v1.InstanceFailed;
import dev.chowder.journal.v1.InstanceGatewayLost;
import dev.chowder.journal.v1.InstanceLaterAttemptFound;
import dev.chowder.journal.v1.InstanceLeftoverFound;
import dev.chowder.journal.v1.InstanceMemberCreated;
import dev.chowder.journal.v1.InstancePoolSetup;
import dev.chowder.journal.v1.InstanceRecovered;
import dev.chowder.journal.v1.InstanceRestartRequested;
import dev.chowder.journal.v1.InstanceSandboxRemoved;
import dev.chowder.journal.v1.InstanceSleepMemory;
import dev.chowder.journal.v1.InstanceSleepReached;
import dev.chowder.journal.v1.InstanceSleepRequested;
import dev.chowder.journal.v1.InstanceSlotFound;
import dev.chowder.journal.v1.InstanceSlotReleased;
import dev.chowder.journal.v1.InstanceStartRequested;
import dev.chowder.journal.v1.InstanceStopRequested;
import dev.chowder.journal.v1.InstanceStopped;
import dev.chowder.journal.v1.InstanceTokenRotated;
import dev.chowder.journal.v1.InstanceTokenRotationRequested;
import dev.chowder.secret.SecretNames;
import java.util.Optional;
import org.apache.pekko.persistence.typed.EventAdapter;
import org.apache.pekko.persistence.typed.EventSeq;

/** Translates events to and from their permanent form in the journal. */
public final class InstanceJournal
    extends EventAdapter<InstanceEvent, dev.chowder.journal.v1.InstanceEvent> {
  /** The field number of the newest event type in version 0 of the format. */
  private static final int LAST_OF_VERSION_0 =
      dev.chowder.journal.v1.InstanceEvent.CHANNEL_SWITCHED_FIELD_NUMBER;

  /** The field number of the newest event type in version 1 of the format. */
  private static final int LAST_OF_VERSION_1 =
      dev.chowder.journal.v1.InstanceEvent.SLEEP_REACHED_FIELD_NUMBER;

  @Override
  public dev.chowder.journal.v1.InstanceEvent toJournal(InstanceEvent event) {
    var stored =
        dev.chowder.journal.v1.InstanceEvent.newBuilder()
            .setAt(stamp(event.at()))
            .setKeyId(event.keyId())
            .setRequestId(event.requestId());
    var full =
        switch (event) {
          case InstanceEvent.Created e -> stored.setCreated(ProfileJournal.created(e.profile()));
          case InstanceEvent.MemberCreated e ->
              stored.setMemberCreated(
                  InstanceMemberCreated.newBuilder()
                      .setCreated(ProfileJournal.created(e.profile()))
                      .setSetup(setup(e.setup())));
          case InstanceEvent.Claimed e ->
              stored.setClaimed(
                  InstanceClaimed.newBuilder().setCreated(ProfileJournal.created(e.profile())));
          case InstanceEvent.Discarded e -> stored.setDiscarded(MemberJournal.stored(e));
          case InstanceEvent.CreationForbidden e ->
              stored.setBirthForbidden(
                  InstanceBirthForbidden.newBuilder().setOrganizationId(e.organizationId()));
          case InstanceEvent.StageFinished e -> stored.setStageFinished(stageFinished(e));
          case InstanceEvent.Failed e ->
              stored.setFailed(
                  InstanceFailed.newBuilder()
                      .setAttempt(e.attempt())
                      .setStage(e.stage().map(Stage::label).orElse(""))
                      .setReason(e.reason())
                      .setMessage(e.message())
                      .setStartedAt(stamp(e.startedAt())));
          case InstanceEvent.StopRequested e ->
              stored.setStopRequested(InstanceStopRequested.newBuilder().setEnds(e.ends()));
          case InstanceEvent.Stopped e -> stored.setStopped(stopped(e));
          case InstanceEvent.SleepRequested e ->
              stored.setSleepRequested(
                  InstanceSleepRequested.newBuilder().setLevel(e.level().label()));
          case InstanceEvent.SleepReached e ->
              stored.setSleepReached(
                  InstanceSleepReached.newBuilder()
                      .setAttempt(e.attempt())
                      .setLevel(e.level().label())
                      .setMemory(memory(e.memory())));
          case InstanceEvent.StartRequested e ->
              stored.setStartRequested(
                  InstanceStartRequested.newBuilder().setAttempt(e.attempt()).setCause(e.cause()));
          case InstanceEvent.GatewayLost e ->
              stored.setGatewayLost(
                  InstanceGatewayLost.newBuilder()
                      .setAttempt(e.attempt())
                      .setReason(e.reason())
                      .setMessage(e.message())
                      .setByItself(e.byItself()));
          case InstanceEvent.Deleted _ -> stored.setDeleted(InstanceDeleted.getDefaultInstance());
          case InstanceEvent.SlotReleased _ ->
              stored.setSlotReleased(InstanceSlotReleased.getDefaultInstance());
          case InstanceEvent.SandboxRemoved _ ->
              stored.setSandboxRemoved(InstanceSandboxRemoved.getDefaultInstance());
          case InstanceEvent.LeftoverFound _ ->
              stored.setLeftoverFound(InstanceLeftoverFound.getDefaultInstance());
          case InstanceEvent.Updated e -> stored.setUpdated(ProfileJournal.stored(e));
          case InstanceEvent.ConfigApplied e ->
              stored.setConfigApplied(
                  InstanceConfigApplied.newBuilder()
                      .setAttempt(e.attempt())
                      .setConfigVersion(e.configVersion())
                      .setNote(e.note())
                      .setOverridesVersion(e.overrides())
                      .setOverridesRefused(e.refused()));
          case InstanceEvent.EndpointMoved e ->
              stored.setEndpointMoved(
                  InstanceEndpointMoved.newBuilder()
                      .setAttempt(e.attempt())
                      .setEndpoint(e.endpoint()));
          case InstanceEvent.RestartRequested _ ->
              stored.setRestartRequested(InstanceRestartRequested.getDefaultInstance());
          case InstanceEvent.Recovered e -> stored.setRecovered(recovered(e));
          case InstanceEvent.LaterAttemptFound e ->
              stored.setLaterAttemptFound(
                  InstanceLaterAttemptFound.newBuilder()
                      .setAttempt(e.attempt())
                      .setGeneration(e.generation())
                      .setEndpoint(e.endpoint()));
          case InstanceEvent.SlotFound _ ->
              stored.setSlotFound(InstanceSlotFound.getDefaultInstance());
          case InstanceEvent.TokenRotationRequested _ ->
              stored.setTokenRotationRequested(InstanceTokenRotationRequested.getDefaultInstance());
          case InstanceEvent.ChannelSwitched e ->
              stored.setChannelSwitched(
                  InstanceChannelSwitched.newBuilder()
                      .setChannel(e.channel())
                      .setEnabled(e.enabled())
                      .setVersion(e.version()));
          case InstanceEvent.TokenRotated e ->
              stored.setTokenRotated(
                  InstanceTokenRotated.newBuilder()
                      .setAttempt(e.attempt())
                      .setRotation(e.rotation()));
        };
    return full.build();
  }

  /** Returns the version of the journal's format that introduced this event. */
  static int versionOf(InstanceEvent event) {
    // Version 0 has this type, but cannot apply it to an instance that is being stopped.
    if (event instanceof InstanceEvent.StopRequested stop && stop.ends()) return 1;
    int type = new InstanceJournal().toJournal(event).getEventCase().getNumber();
    return type <= LAST_OF_VERSION_0 ? 0 : type <= LAST_OF_VERSION_1 ? 1 : 2;
  }

  @Override
  public EventSeq<InstanceEvent> fromJournal(
      dev.chowder.journal.v1.InstanceEvent stored, String manifest) {
    return EventSeq.single(read(stored));
  }

  @Override
  public String manifest(InstanceEvent event) {
    return "";
  }

  /** Returns the event that a journal entry stores, for the history of events. */
  public static InstanceEvent parse(ByteString payload) {
    try {
      return read(dev.chowder.journal.v1.InstanceEvent.parseFrom(payload));
    } catch (InvalidProtocolBufferException why) {
      throw new IllegalStateException(
          cannot("read the journal entry", "it is not an event of an instance"), why);
    }
  }

  static InstanceEvent read(dev.chowder.journal.v1.InstanceEvent stored) {
    var at = instant(stored.getAt());
    var keyId = stored.getKeyId();
    var requestId = stored.getRequestId();
    return switch (stored.getEventCase()) {
      case CREATED ->
          new InstanceEvent.Created(
              keyId, ProfileJournal.profile(stored.getCreated(), requestId, at), at);
      case MEMBER_CREATED -> {
        var profile = ProfileJournal.profile(stored.getMemberCreated().getCreated(), requestId, at);
        yield new InstanceEvent.MemberCreated(
            profile, setup(profile.model(), stored.getMemberCreated().getSetup()), at);
      }
      case CLAIMED ->
          new InstanceEvent.Claimed(
              keyId, ProfileJournal.profile(stored.getClaimed().getCreated(), requestId, at), at);
      case DISCARDED -> MemberJournal.discarded(stored.getDiscarded(), at);
      case BIRTH_FORBIDDEN ->
          new InstanceEvent.CreationForbidden(stored.getBirthForbidden().getOrganizationId(), at);
      case STAGE_FINISHED -> stageFinished(stored.getStageFinished(), at);
      case FAILED -> {
        var e = stored.getFailed();
        yield new InstanceEvent.Failed(
            e.getAttempt(),
            filled(e.getStage()).map(Stage::ofLabel),
            instant(e.getStartedAt()),
            e.getReason(),
            e.getMessage(),
            at);
      }
      case STOP_REQUESTED ->
          new InstanceEvent.StopRequested(keyId, stored.getStopRequested().getEnds(), at);
      case STOPPED -> {
        var e = stored.getStopped();
        yield new InstanceEvent.Stopped(
            e.getAttempt(),
            SleepLevel.ofLabel(e.getSleepLevel()),
            e.getBoot(),
            memory(e.getMemory()),
            at);
      }
      case SLEEP_REQUESTED ->
          new InstanceEvent.SleepRequested(
              SleepLevel.ofLabel(stored.getSleepRequested().getLevel()), at);
      case SLEEP_REACHED -> {
        var e = stored.getSleepReached();
        yield new InstanceEvent.SleepReached(
            e.getAttempt(), SleepLevel.ofLabel(e.getLevel()), memory(e.getMemory()), at);
      }
      case START_REQUESTED ->
          new InstanceEvent.StartRequested(
              keyId,
              stored.getStartRequested().getAttempt(),
              stored.getStartRequested().getCause(),
              at);
      case GATEWAY_LOST -> {
        var e = stored.getGatewayLost();
        yield new InstanceEvent.GatewayLost(
            e.getAttempt(), e.getReason(), e.getMessage(), e.getByItself(), at);
      }
      case DELETED -> new InstanceEvent.Deleted(keyId, requestId, at);
      case SLOT_RELEASED -> new InstanceEvent.SlotReleased(at);
      case SANDBOX_REMOVED -> new InstanceEvent.SandboxRemoved(at);
      case LEFTOVER_FOUND -> new InstanceEvent.LeftoverFound(at);
      case UPDATED -> ProfileJournal.updated(stored.getUpdated(), keyId, at);
      case CONFIG_APPLIED -> {
        var e = stored.getConfigApplied();
        yield new InstanceEvent.ConfigApplied(
            e.getAttempt(),
            e.getConfigVersion(),
            e.getOverridesVersion(),
            e.getOverridesRefused(),
            e.getNote(),
            at);
      }
      case ENDPOINT_MOVED -> {
        var e = stored.getEndpointMoved();
        yield new InstanceEvent.EndpointMoved(e.getAttempt(), e.getEndpoint(), at);
      }
      case RESTART_REQUESTED -> new InstanceEvent.RestartRequested(keyId, at);
      case RECOVERED -> {
        var e = stored.getRecovered();
        yield new InstanceEvent.Recovered(
            keyId,
            e.getAttempt(),
            e.getHomeKept(),
            new ModelChoice(
                e.getModelProvider(), e.getModel(), e.getModelBaseUrl(), e.getModelApi()),
            e.getGeneration(),
            at);
      }
      case LATER_ATTEMPT_FOUND -> {
        var e = stored.getLaterAttemptFound();
        yield new InstanceEvent.LaterAttemptFound(
            e.getAttempt(), e.getGeneration(), e.getEndpoint(), at);
      }
      case SLOT_FOUND -> new InstanceEvent.SlotFound(at);
      case TOKEN_ROTATION_REQUESTED ->
          new InstanceEvent.TokenRotationRequested(keyId, requestId, at);
      case CHANNEL_SWITCHED -> {
        var e = stored.getChannelSwitched();
        yield new InstanceEvent.ChannelSwitched(
            keyId, e.getChannel(), e.getEnabled(), version(e.getVersion()), at);
      }
      case TOKEN_ROTATED -> {
        var e = stored.getTokenRotated();
        yield new InstanceEvent.TokenRotated(e.getAttempt(), e.getRotation(), at);
      }
      case EVENT_NOT_SET ->
          throw new IllegalStateException(
              cannot(
                  "read an event of an instance",
                  "a newer version of Chowder wrote it",
                  "upgrade this node"));
    };
  }

  /** Returns the stored form of a setup, without its model, which the profile has. */
  static InstancePoolSetup setup(PoolSetup setup) {
    return InstancePoolSetup.newBuilder()
        .setKeyVersion(setup.keyVersion())
        .setImage(setup.image())
        .build();
  }

  static PoolSetup setup(ModelChoice model, InstancePoolSetup stored) {
    return new PoolSetup(model, stored.getKeyVersion(), stored.getImage());
  }

  private static InstanceRecovered recovered(InstanceEvent.Recovered e) {
    return InstanceRecovered.newBuilder()
        .setAttempt(e.attempt())
        .setHomeKept(e.homeKept())
        .setModelProvider(e.model().provider())
        .setModel(e.model().model())
        .setModelBaseUrl(e.model().baseUrl())
        .setModelApi(e.model().api())
        .setGeneration(e.generation())
        .build();
  }

  private static InstanceStopped.Builder stopped(InstanceEvent.Stopped e) {
    var stored = InstanceStopped.newBuilder().setAttempt(e.attempt());
    return e.level() == SleepLevel.OFF
        ? stored
        : stored.setSleepLevel(e.level().label()).setBoot(e.boot()).setMemory(memory(e.memory()));
  }

  static InstanceSleepMemory memory(SleepMemory memory) {
    return InstanceSleepMemory.newBuilder()
        .setResidentBytes(memory.residentBytes())
        .setSwappedBytes(memory.swappedBytes())
        .build();
  }

  static SleepMemory memory(InstanceSleepMemory stored) {
    return new SleepMemory(stored.getResidentBytes(), stored.getSwappedBytes());
  }

  /** Returns the stored version. Events without one name the row from before versions existed. */
  static String version(String stored) {
    return stored.isEmpty() ? SecretNames.UNVERSIONED : stored;
  }

  static Optional<String> filled(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }
}
