package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.finished;
import static dev.chowder.instance.States.running;
import static dev.chowder.instance.States.then;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceState.Existing;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;

/** Tests how an instance orders the changes of its configuration. */
class ConfigChangeTest {
  private static final ActorRef<InstanceReply> REPLY_TO =
      TestInbox.<InstanceReply>create().getRef();
  private static final OverridesVersion NONE = OverridesVersion.NONE;

  @Test
  void theSecondOfTwoConcurrentOverridesChangesIsRejected() {
    var first = accepted(running(), update(NONE, "v1"));
    assertThat(decide(first, update(NONE, "v2")))
        .isEqualTo(Decision.reject(new InstanceRejection.Superseded()));
    var second = accepted(first, update(pending("v1"), "v3"));
    assertThat(config(second).overrides()).isEqualTo(pending("v3"));
    assertThat(profile(second).configVersion()).isEqualTo(2);
  }

  @Test
  void aChangeIsRejectedIfItsBaseWasAppliedMeanwhile() {
    var first = accepted(running(), update(NONE, "v1"));
    var taken = accepted(first, applied(1, "v1", Taken.APPLIED));
    assertThat(decide(taken, update(pending("v1"), "v2")))
        .isEqualTo(Decision.reject(new InstanceRejection.Superseded()));
    assertThat(config(accepted(taken, update(new OverridesVersion("v1", Taken.APPLIED), "v2"))))
        .isEqualTo(config(taken).withOverrides("v2"));
  }

  @Test
  void aResentChangeChangesNothing() {
    var state = accepted(running(), update(NONE, "v0"));
    for (int n = 1; n < ConfigValues.REMEMBERED; n++) {
      state = accepted(state, update(pending("v" + (n - 1)), "v" + n));
    }
    for (int n = 0; n < ConfigValues.REMEMBERED; n++) {
      var base = n == 0 ? NONE : pending("v" + (n - 1));
      assertThat(decide(state, update(base, "v" + n))).isEqualTo(Decision.accept());
    }
    var switched = accepted(running(), channel("", "c1"));
    assertThat(decide(accepted(switched, channel("c1", "c2")), channel("", "c1")))
        .isEqualTo(Decision.accept());
  }

  @Test
  void valuesShowWhetherAllVersionsSinceABaseAreRemembered() {
    var before = config(running());
    var values = before;
    for (int n = 1; n < ConfigValues.REMEMBERED; n++) {
      values = values.withOverrides("v" + n);
      assertThat(values.remembersAllSince(before)).isTrue();
    }
    var last = values.withOverrides("last");
    assertThat(last.remembersAllSince(before)).as("one version may have been forgotten").isFalse();
    assertThat(last.remembersAllSince(values)).isTrue();
    var later = last;
    for (int n = 0; n < ConfigValues.REMEMBERED; n++)
      later = later.withChannel("telegram", "c" + n);
    assertThat(later.remembersAllSince(last)).isFalse();
  }

  @Test
  void theCurrentVersionStaysReferencedAfterManyOtherChanges() {
    var state = accepted(running(), channel("", "c1"));
    var version = NONE;
    for (int n = 0; n < 3 * ConfigValues.REMEMBERED; n++) {
      state = accepted(state, update(version, "v" + n));
      version = pending("v" + n);
    }
    assertThat(config(state).referenced())
        .hasSize(ConfigValues.REMEMBERED + 1)
        .contains("c1", "v" + (3 * ConfigValues.REMEMBERED - 1))
        .doesNotContain("v0");
  }

  @Test
  void aCurrentChangeIsAcceptedWhenResentAfterManyOthers() {
    var channelFirst = accepted(running(), channel("", "c1"));
    var version = NONE;
    for (int n = 0; n <= ConfigValues.REMEMBERED; n++) {
      channelFirst = accepted(channelFirst, update(version, "v" + n));
      version = pending("v" + n);
    }
    assertThat(decide(channelFirst, channel("", "c1"))).isEqualTo(Decision.accept());

    var overridesFirst = accepted(running(), update(NONE, "v1"));
    for (int n = 0; n <= ConfigValues.REMEMBERED; n++) {
      overridesFirst = accepted(overridesFirst, channel(n == 0 ? "" : "c" + (n - 1), "c" + n));
    }
    var taken = accepted(overridesFirst, applied(1, "v1", Taken.APPLIED));
    assertThat(decide(taken, update(NONE, "v1"))).isEqualTo(Decision.accept());
  }

  @Test
  void rejectedOverridesAlsoRejectTheNameAndTheLabels() {
    var first = accepted(running(), update(NONE, "v1"));
    var both =
        new InstanceCommand.Update(
            "key",
            Optional.of("renamed"),
            Map.of("a", "b"),
            Optional.empty(),
            Optional.of(new InstanceCommand.OverridesChange(NONE, "v2")),
            T0,
            REPLY_TO);
    assertThat(decide(first, both)).isInstanceOf(Decision.Reject.class);
  }

  @Test
  void theSecondOfTwoConcurrentChangesOfTheSameChannelIsRejected() {
    var first = accepted(running(), channel("", "c1"));
    assertThat(decide(first, channel("", "c2")))
        .isEqualTo(Decision.reject(new InstanceRejection.Superseded()));
    var line = new InstanceCommand.SwitchChannel("key", "line", true, "", "c3", T0, REPLY_TO);
    assertThat(config(accepted(first, line)).channels())
        .isEqualTo(Map.of("telegram", "c1", "line", "c3"));
    assertThat(config(accepted(first, channel("c1", "c4"))).channels())
        .isEqualTo(Map.of("telegram", "c4"));
  }

  @Test
  void rejectedOverridesStayRejectedUntilTheNextChange() {
    var first = accepted(running(), update(NONE, "v1"));
    var refused = accepted(first, applied(1, "v1", Taken.REFUSED));
    assertThat(config(refused).overrides()).isEqualTo(new OverridesVersion("v1", Taken.REFUSED));
    assertThat(profile(refused).configPending()).isFalse();
    var switched = accepted(refused, channel("", "c1"));
    var again = accepted(switched, applied(2, "v1", Taken.APPLIED));
    assertThat(config(again).overrides().taken()).isEqualTo(Taken.REFUSED);
  }

  @Test
  void overridesThatTheGatewayDidNotApplyInTimeStayPending() {
    var first = accepted(running(), update(NONE, "v1"));
    var late = accepted(first, applied(1, "v1", Taken.PENDING));
    assertThat(config(late).overrides()).isEqualTo(pending("v1"));
    assertThat(profile(late).configPending()).isFalse();
  }

  @Test
  void aStageThatWroteOlderOverridesLeavesTheNewestPending() {
    var two = accepted(accepted(starting(), update(NONE, "v1")), update(pending("v1"), "v2"));
    assertThat(config(then(two, wrote("v1"))).overrides()).isEqualTo(pending("v2"));
    assertThat(config(then(two, wrote("v2"))).overrides().taken()).isEqualTo(Taken.APPLIED);
  }

  @Test
  void aProvisioningAppliesTheWholeConfiguration() {
    var created = new InstanceEvent.Created("key", States.profile("create", T0), T0);
    var first = accepted(States.after(created), update(NONE, "v1"));
    assertThat(((InstanceEffect.RunStages) first.pendingEffect()).config())
        .isEqualTo(new WantedConfig(1, pending("v1"), true, Map.of()));
    assertThat(((InstanceEffect.RunStages) starting().pendingEffect()).config().homeRecreated())
        .isFalse();
  }

  /** Version 665faa7 wrote such events. The changed values are in that version's rows. */
  @Test
  void eventsOfAnOlderVersionReferToUnversionedValues() {
    var journal = new InstanceJournal();
    var older =
        IntStream.of(0)
            .mapToObj(
                _ ->
                    InstanceJournal.read(
                        journal
                            .toJournal(
                                new InstanceEvent.Updated(
                                    "key",
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.empty(),
                                    "x",
                                    T0))
                            .toBuilder()
                            .setUpdated(
                                dev.chowder.journal.v1.InstanceUpdated.newBuilder()
                                    .setReconfigured(true))
                            .build()))
            .findFirst()
            .orElseThrow();
    var channel =
        InstanceJournal.read(
            journal
                .toJournal(new InstanceEvent.ChannelSwitched("key", "telegram", true, "x", T0))
                .toBuilder()
                .setChannelSwitched(
                    dev.chowder.journal.v1.InstanceChannelSwitched.newBuilder()
                        .setChannel("telegram")
                        .setEnabled(true))
                .build());
    var state = then(running(), older, channel);
    assertThat(config(state))
        .isEqualTo(new ConfigValues(pending("0"), Map.of("telegram", "0"), java.util.List.of()));
    var changed = accepted(state, update(pending("0"), "v1"));
    assertThat(config(changed).referenced()).containsExactlyInAnyOrder("v1", "0");
  }

  private static InstanceState starting() {
    return then(
        running(),
        new InstanceEvent.StopRequested("key", false, T0),
        new InstanceEvent.Stopped(1, SleepLevel.OFF, 0, SleepMemory.NONE, T0),
        new InstanceEvent.StartRequested("key", 2, "", T0));
  }

  private static InstanceEvent wrote(String version) {
    var stage = finished(2, Stage.OPENCLAW_CONFIG);
    return new InstanceEvent.StageFinished(
        2, stage.done(), Optional.empty(), 1, version, false, Optional.empty(), T0);
  }

  private static OverridesVersion pending(String version) {
    return new OverridesVersion(version, Taken.PENDING);
  }

  private static InstanceCommand update(OverridesVersion base, String version) {
    return new InstanceCommand.Update(
        "key",
        Optional.empty(),
        Map.of(),
        Optional.empty(),
        Optional.of(new InstanceCommand.OverridesChange(base, version)),
        T0,
        REPLY_TO);
  }

  private static InstanceCommand channel(String base, String version) {
    return new InstanceCommand.SwitchChannel("key", "telegram", true, base, version, T0, REPLY_TO);
  }

  private static InstanceCommand applied(int version, String overrides, Taken taken) {
    return new InstanceCommand.ConfigApplied(1, version, overrides, taken, "", T0);
  }

  private static Decision decide(InstanceState state, InstanceCommand command) {
    return InstanceLifecycle.decide(state, command);
  }

  private static InstanceState accepted(InstanceState state, InstanceCommand command) {
    var decision = decide(state, command);
    assertThat(decision).isInstanceOf(Decision.Accept.class);
    return then(state, ((Decision.Accept) decision).events().toArray(InstanceEvent[]::new));
  }

  private static Profile profile(InstanceState state) {
    return ((Existing) state).profile();
  }

  private static ConfigValues config(InstanceState state) {
    return profile(state).config();
  }
}
