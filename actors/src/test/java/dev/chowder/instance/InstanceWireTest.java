package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.finished;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.chowder.actor.TestActors;
import dev.chowder.base.Ids;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.storage.InstanceRow;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class InstanceWireTest {
  private static final ActorTestKit KIT = ActorTestKit.create(TestActors.CONFIG);
  private static final InstanceId ID = new InstanceId("0190a000-0000-7000-8000-00000000000a");

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void everyMessageIsSerializableAndTested() {
    var messages = messages(KIT.<InstanceReply>createTestProbe().ref());
    for (var message : messages) KIT.serializationTestKit().verifySerialization(message, true);
    assertThat(messages.stream().map(Object::getClass).collect(Collectors.toSet()))
        .containsAll(
            Stream.of(
                    InstanceCommand.Request.class,
                    InstanceCommand.Report.class,
                    InstanceReply.class)
                .flatMap(type -> Arrays.stream(type.getPermittedSubclasses()))
                .toList());
  }

  @Test
  void everyViewCanBeReadFromItsRow() {
    for (var view : views()) {
      assertThat(InstanceReadRows.view(InstanceReadRows.row(view))).isEqualTo(view);
    }
  }

  /** Older nodes write such views, and rows from before an upgrade hold them. */
  @Test
  void aViewWithoutTheMemberFieldIsNoPoolMember() {
    var row = InstanceReadRows.row(views().getFirst());
    var json = row.view().toStringUtf8();
    var older = json.replaceFirst("\"member\":[^,}]*,", "");
    assertThat(older).isNotEqualTo(json);
    assertThat(InstanceReadRows.view(withView(row, older))).isEqualTo(views().getFirst());
  }

  /** Older nodes write such views, and rows from before an upgrade hold them. */
  @Test
  void aViewWithoutTheTokenFieldHasNoRotations() {
    var row = InstanceReadRows.row(views().getFirst());
    var json = row.view().toStringUtf8();
    var older = json.replaceFirst("\"token\":\\{[^}]*},", "");
    assertThat(older).isNotEqualTo(json);
    assertThat(InstanceReadRows.view(withView(row, older))).isEqualTo(views().getFirst());
  }

  /** Older nodes write such views, and rows from before an upgrade hold them. */
  @Test
  void aViewWithoutTheSandboxFieldHasNoReference() {
    var view = InstanceView.of(ID, 7, States.provisioningInSandbox()).orElseThrow();
    var row = InstanceReadRows.row(view);
    var json = row.view().toStringUtf8();
    var older = json.replaceFirst("\"sandbox\":\\{[^}]*},", "");
    assertThat(older).isNotEqualTo(json);
    assertThat(view.profile().sandbox()).hasValue(States.SANDBOX);
    assertThat(InstanceReadRows.view(withView(row, older)).profile().sandbox()).isEmpty();
  }

  @Test
  void aRowIsListedByTheTimeOfTheCreationUnlessItIsOfAPoolMember() {
    for (var view : views()) {
      var createdAt = view.profile().createdAt();
      assertThat(InstanceReadRows.row(view).position())
          .isEqualTo(view.member().isPresent() ? "" : Ids.at(createdAt, view.id().value()));
    }
  }

  /** Rows hold such views if they are older than versions of values. */
  @Test
  void aViewWithoutTheConfigFieldRefersToTheUnversionedValue() {
    var row = InstanceReadRows.row(views().getLast());
    var json = row.view().toStringUtf8();
    var older = json.replaceFirst("\"config\":\\{.*?\\[[^]]*]},", "");
    assertThat(older).isNotEqualTo(json);
    assertThat(InstanceReadRows.view(withView(row, older)).profile().config())
        .isEqualTo(ConfigValues.ofNew("0"));
    var none = InstanceReadRows.row(views().getFirst());
    var olderNone = none.view().toStringUtf8().replaceFirst("\"config\":\\{.*?\\[[^]]*]},", "");
    assertThat(InstanceReadRows.view(withView(none, olderNone))).isEqualTo(views().getFirst());
  }

  /** Rows hold such views if they are older than numeric times. */
  @Test
  void aTimeInTextFormIsRead() {
    var row = InstanceReadRows.row(views().getFirst());
    var json = row.view().toStringUtf8();
    var older =
        Pattern.compile("(\"(?:createdAt|updatedAt)\":)([0-9]+)(?:\\.[0-9]+)?")
            .matcher(json)
            .replaceAll(
                time -> {
                  var text = Instant.ofEpochSecond(Long.parseLong(time.group(2))).toString();
                  return time.group(1) + '"' + text + '"';
                });
    assertThat(older).isNotEqualTo(json);
    assertThat(InstanceReadRows.view(withView(row, older))).isEqualTo(views().getFirst());
  }

  private static InstanceRow withView(InstanceRow row, String view) {
    return new InstanceRow(
        row.id(),
        row.position(),
        row.organizationId(),
        row.revision(),
        row.status(),
        row.name(),
        row.labels(),
        row.createdAt(),
        row.updatedAt(),
        row.terminatedAt(),
        row.owesSince(),
        row.holdsSlot(),
        ByteString.copyFromUtf8(view));
  }

  @Test
  void everyEventCanBeReadFromTheJournal() {
    var journal = new InstanceJournal();
    var events = events();
    for (var event : events) {
      assertThat(InstanceJournal.read(journal.toJournal(event))).isEqualTo(event);
    }
    assertThat(events.stream().map(Object::getClass).collect(Collectors.toSet()))
        .containsAll(Arrays.asList(InstanceEvent.class.getPermittedSubclasses()));
  }

  private static List<InstanceView> views() {
    var configured =
        States.then(
            States.running(),
            new InstanceEvent.Updated(
                "key", Optional.empty(), Optional.empty(), Optional.empty(), "v1", T0),
            new InstanceEvent.ConfigApplied(1, 1, "v1", false, "", T0),
            new InstanceEvent.ChannelSwitched("key", "telegram", true, "v2", T0));
    return Stream.concat(
            States.all().values().stream(),
            Stream.of(States.sleeping(), States.provisioningInSandbox(), configured))
        .flatMap(state -> InstanceView.of(ID, 7, state).stream())
        .toList();
  }

  private static List<InstanceEvent> events() {
    return List.of(
        States.created(),
        States.memberCreated(),
        States.claimed(States.configured("create", T0)),
        new InstanceEvent.Discarded(true, "", T0),
        new InstanceEvent.CreationForbidden("org", T0),
        finished(1, Stage.PUBLISH),
        States.sandboxCreated(1),
        new InstanceEvent.Failed(1, Optional.of(Stage.ONBOARD), T0, "KEY_REFUSED", "no", T0),
        new InstanceEvent.StopRequested("key", false, T0),
        new InstanceEvent.Stopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0),
        States.frozen(1),
        new InstanceEvent.SleepRequested(SleepLevel.OFF, T0),
        new InstanceEvent.SleepReached(1, SleepLevel.PAGED_OUT, new SleepMemory(1, 2), T0),
        new InstanceEvent.StartRequested("key", 2, "gateway lost", T0),
        new InstanceEvent.Deleted("key", "request", T0),
        States.lost(1, true, T0),
        new InstanceEvent.SlotReleased(T0),
        new InstanceEvent.SandboxRemoved(T0),
        new InstanceEvent.LeftoverFound(T0),
        new InstanceEvent.Updated(
            "key", Optional.of("n"), Optional.of(Map.of("a", "b")), Optional.empty(), "v1", T0),
        new InstanceEvent.ConfigApplied(1, 2, "v1", true, "", T0),
        new InstanceEvent.EndpointMoved(1, "127.0.0.1:2", T0),
        new InstanceEvent.RestartRequested("key", T0),
        new InstanceEvent.Recovered("key", 2, true, States.PROFILE.model(), 1, T0),
        new InstanceEvent.LaterAttemptFound(5, 2, "127.0.0.1:3", T0),
        new InstanceEvent.SlotFound(T0),
        new InstanceEvent.TokenRotationRequested("key", "request", T0),
        new InstanceEvent.TokenRotated(1, 2, T0),
        new InstanceEvent.ChannelSwitched("key", "telegram", true, "v2", T0));
  }

  private static List<Object> messages(ActorRef<InstanceReply> ref) {
    var messages = new ArrayList<>(requests(ref));
    messages.addAll(reports());
    for (var observed :
        List.of(
            new InstanceCommand.ObservedState.Nothing(),
            new InstanceCommand.ObservedState.HomeOnly(),
            new InstanceCommand.ObservedState.Up("127.0.0.1:1"),
            new InstanceCommand.ObservedState.DiskFull("home: full"),
            new InstanceCommand.ObservedState.OtherHome(2, true),
            new InstanceCommand.ObservedState.OtherHost("another host"),
            new InstanceCommand.ObservedState.LaterUp(5, 2, "127.0.0.1:3"),
            new InstanceCommand.ObservedState.Down("OUT_OF_MEMORY", "gateway: killed", true))) {
      messages.add(
          new InstanceCommand.Observed(
              1, observed, new InstanceCommand.RestartPolicy(1, Duration.ofMinutes(10)), T0));
    }
    for (var why :
        List.of(
            new InstanceRejection.NotFound(),
            new InstanceRejection.AlreadyExists(),
            new InstanceRejection.SlotReturned(),
            new InstanceRejection.Superseded(),
            new InstanceRejection.UpgradeUnderWay(),
            new InstanceRejection.WrongState("provisioning", "running", "running"),
            new InstanceRejection.TooManyWatchers(3),
            new InstanceRejection.TooManyLabels(65, 64))) {
      messages.add(new InstanceReply.Refused(why));
    }
    views().forEach(view -> messages.add(new InstanceReply.Accepted(view)));
    messages.add(new InstanceReply.Done());
    return messages;
  }

  private static List<Object> requests(ActorRef<InstanceReply> ref) {
    return List.of(
        new InstanceCommand.Create("key", States.PROFILE, T0, ref),
        new InstanceCommand.Warm(States.PROFILE, States.SETUP, T0, ref),
        new InstanceCommand.Claim("key", States.configured("create", T0), States.SETUP, T0, ref),
        new InstanceCommand.Discard(T0),
        new InstanceCommand.ClaimFound(1, T0),
        new InstanceCommand.Get(ref),
        new InstanceCommand.Watch(ref, ref.unsafeUpcast()),
        new InstanceActor(ref.unsafeUpcast()),
        new InstanceCommand.Stop("key", false, T0, ref),
        new InstanceCommand.Start("key", T0, ref),
        new InstanceCommand.Delete("key", "request", T0, ref),
        new InstanceCommand.Update(
            "key",
            Optional.of("n"),
            Map.of("a", ""),
            Optional.empty(),
            Optional.of(
                new InstanceCommand.OverridesChange(
                    new ConfigValues.OverridesVersion("v1", Taken.REFUSED), "v2")),
            T0,
            ref),
        new InstanceCommand.Restart("key", T0, ref),
        new InstanceCommand.Recover(
            "key", 1, 2, Optional.of(1), 3, States.PROFILE.model(), T0, ref),
        new InstanceCommand.ReleaseUnusedSlot("org", T0, ref),
        new InstanceCommand.RotateToken("key", "request", T0, ref),
        new InstanceCommand.SwitchChannel("key", "telegram", true, "", "v3", T0, ref),
        new InstanceCommand.RefreshRow(ref),
        new InstanceCommand.Redispatch(T0, Duration.ofMinutes(5)),
        new InstanceCommand.Deepen(SleepLevel.OFF, T0, ref));
  }

  private static List<Object> reports() {
    var stage = finished(1, Stage.PUBLISH);
    return List.of(
        new InstanceCommand.StagesFinished(
            1,
            List.of(
                new InstanceCommand.Finished(
                    stage.done(),
                    stage.endpoint(),
                    1,
                    "v1",
                    false,
                    Optional.of(States.SANDBOX),
                    T0))),
        new InstanceCommand.EffectFailed(
            1, Optional.of(Stage.ONBOARD), T0, "KEY_REFUSED", "no", T0),
        new InstanceCommand.GatewayStopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0),
        new InstanceCommand.SleepReached(1, SleepLevel.OFF, SleepMemory.NONE, T0),
        new InstanceCommand.StartDue(1, T0),
        new InstanceCommand.ConfigApplied(1, 2, "v1", Taken.APPLIED, "", T0),
        new InstanceCommand.TokenRotated(1, 2, T0),
        new InstanceCommand.SlotReleased(T0),
        new InstanceCommand.Removed(1, InstanceEffect.Scope.EVERYTHING, T0));
  }
}
