package dev.chowder.instance;

import static dev.chowder.instance.States.T0;
import static dev.chowder.instance.States.finished;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.chowder.actor.JournalVersion;
import dev.chowder.actor.TestActors;
import dev.chowder.sandbox.HomeRef;
import dev.chowder.storage.JournalTags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.persistence.query.EventEnvelope;
import org.apache.pekko.persistence.query.Offset;
import org.apache.pekko.persistence.query.PersistenceQuery;
import org.apache.pekko.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import org.apache.pekko.persistence.testkit.query.javadsl.PersistenceTestKitReadJournal;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InstanceEntityTest {
  private static final String ORGANIZATION = States.PROFILE.organizationId();
  private static final InstanceSettings SETTINGS =
      new InstanceSettings(
          Duration.ofSeconds(10),
          Duration.ofSeconds(3),
          Duration.ofSeconds(30),
          Duration.ofSeconds(1),
          2,
          200);

  private static final ActorTestKit KIT =
      ActorTestKit.create(
          EventSourcedBehaviorTestKit.config()
              .withFallback(TestActors.CONFIG)
              .withFallback(ConfigFactory.load()));

  private final List<InstanceEffect> dispatched = new ArrayList<>();
  private final List<InstanceCommand.Report> sentToSelf = new ArrayList<>();
  private boolean canBeHosted = true;
  private int journalVersion = JournalVersion.CURRENT;
  private final List<InstanceView> stored = new ArrayList<>();
  private final List<Boolean> labelsStored = new ArrayList<>();
  private final AtomicReference<Duration> runningFor = new AtomicReference<>(Duration.ZERO);
  private EventSourcedBehaviorTestKit<InstanceCommand, InstanceEvent, InstanceState> instance =
      start((_, _) -> CompletableFuture.completedFuture(Done.done()));

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void clear() {
    instance.clear();
    dispatched.clear();
    stored.clear();
    labelsStored.clear();
    sentToSelf.clear();
    journalVersion = JournalVersion.CURRENT;
  }

  @Test
  void anEventThatAnOlderNodeCannotReadIsNotPersistedUntilItLeaves() {
    journalVersion = 0;
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    for (var stage : Stage.OF_PROVISIONING) instance.runCommand(report(stage));
    var down = new InstanceCommand.ObservedState.Down("ENGINE_RESTARTED", "gateway: ended", false);
    var policy = new InstanceCommand.RestartPolicy(1, Duration.ofMinutes(10));
    var observed = new InstanceCommand.Observed(1, down, policy, T0);
    assertThat(instance.runCommand(observed).hasNoEvents()).isTrue();
    journalVersion = 1;
    assertThat(instance.runCommand(observed).stateOfType(InstanceState.Waiting.class)).isNotNull();
  }

  @Test
  void aPoolMemberIsCreatedOnlyOnceAllNodesCanReadItsEvents() {
    journalVersion = 1;
    var refused = instance.<InstanceReply>runCommand(InstanceEntityTest::warm);
    assertThat(refused.hasNoEvents()).isTrue();
    assertThat(refused.reply())
        .isEqualTo(new InstanceReply.Refused(new InstanceRejection.UpgradeUnderWay()));
    journalVersion = 2;
    assertThat(instance.<InstanceReply>runCommand(InstanceEntityTest::warm).reply())
        .isInstanceOf(InstanceReply.Accepted.class);
  }

  @Test
  void aMemberWhoseActorIsStartedAgainDiscardsItselfAndDoesNothingElse() {
    for (var stages : List.of(List.<Stage>of(), Stage.OF_WARMING)) {
      clear();
      warmUpTo(stages);
      var before = instance.getState();
      dispatched.clear();
      sentToSelf.clear();
      instance.restart();
      assertThat(instance.getState()).isEqualTo(before);
      assertThat(sentToSelf.getLast()).isInstanceOf(InstanceCommand.Discard.class);
      assertThat(dispatched).containsOnly(new InstanceEffect.None());
      var discarded = instance.runCommand(sentToSelf.getLast());
      assertThat(discarded.state()).isInstanceOf(InstanceState.Discarded.class);
      assertThat(dispatched.getLast()).isInstanceOf(InstanceEffect.Remove.class);
    }
  }

  /** The claim started the actor, so it arrives before what the actor sends to itself. */
  @Test
  void aMemberWhoseActorIsStartedByAClaimRejectsIt() {
    warmUpTo(Stage.OF_WARMING);
    instance.restart();
    var claim = instance.<InstanceReply>runCommand(InstanceEntityTest::claim);
    assertThat(claim.hasNoEvents()).isTrue();
    assertThat(claim.reply())
        .isEqualTo(new InstanceReply.Refused(new InstanceRejection.AlreadyExists()));
  }

  /** The actor that stopped sent the re-dispatch, which starts the next actor. */
  @Test
  void aMemberWhoseActorIsStartedByARedispatchRunsNoStage() {
    warmUpTo(Stage.OF_WARMING.subList(0, 2));
    dispatched.clear();
    instance.restart();
    var redispatch = sentToSelf.getFirst();
    assertThat(redispatch).isInstanceOf(InstanceCommand.Redispatch.class);
    assertThat(instance.runCommand(redispatch).state()).isInstanceOf(InstanceState.Discarded.class);
    // The first is that of the actor that stopped.
    assertThat(dispatched).hasSize(2).startsWith(new InstanceEffect.None());
    assertThat(dispatched.getLast()).isInstanceOf(InstanceEffect.Remove.class);
  }

  @Test
  void aClaimedMemberIsAnInstanceLikeAnyOtherAfterARestart() {
    warmUpTo(Stage.OF_WARMING);
    assertThat(instance.<InstanceReply>runCommand(InstanceEntityTest::claim).reply())
        .isInstanceOf(InstanceReply.Accepted.class);
    sentToSelf.clear();
    instance.restart();
    assertThat(sentToSelf).isEmpty();
    assertThat(instance.<InstanceReply>runCommand(InstanceEntityTest::claim).reply())
        .as("a resent claim")
        .isInstanceOf(InstanceReply.Accepted.class);
    assertThat(instance.getState()).isInstanceOf(InstanceState.Running.class);
  }

  @Test
  void theHistoryOfAnOrganizationBeginsWithTheClaimOfAMember() throws Exception {
    warmUpTo(Stage.OF_WARMING);
    assertThat(history()).isEmpty();
    var _ = instance.<InstanceReply>runCommand(InstanceEntityTest::claim);
    var _ =
        instance.<InstanceReply>runCommand(
            replyTo -> new InstanceCommand.Stop("key", false, T0, replyTo));
    long claimed = Stage.OF_WARMING.size() + 2L;
    assertThat(history()).containsExactly(claimed, claimed + 1);
  }

  @Test
  void theHistoryOfAnOrganizationHasNoMemberThatWasDiscardedUnlessItsClaimIsFound()
      throws Exception {
    warmUpTo(Stage.OF_WARMING);
    var _ =
        instance.<InstanceReply>runCommand(
            replyTo -> new InstanceCommand.ReleaseUnusedSlot(ORGANIZATION, T0, replyTo));
    instance.runCommand(new InstanceCommand.SlotReleased(T0));
    assertThat(history()).isEmpty();
    assertThat(instance.runCommand(new InstanceCommand.ClaimFound(1, T0)).state())
        .isInstanceOf(InstanceState.Errored.class);
    assertThat(history()).containsExactly(Stage.OF_WARMING.size() + 4L);
  }

  /** Returns the numbers of the events in the organization's history. */
  private static List<Long> history() throws Exception {
    return PersistenceQuery.get(KIT.system())
        .getReadJournalFor(
            PersistenceTestKitReadJournal.class, PersistenceTestKitReadJournal.Identifier())
        .currentEventsByTag(JournalTags.of(ORGANIZATION), Offset.noOffset())
        .map(EventEnvelope::sequenceNr)
        .runWith(Sink.seq(), KIT.system())
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
  }

  private void warmUpTo(List<Stage> stages) {
    var _ = instance.<InstanceReply>runCommand(InstanceEntityTest::warm);
    for (var stage : stages) instance.runCommand(report(stage));
  }

  private static InstanceCommand warm(ActorRef<InstanceReply> replyTo) {
    return new InstanceCommand.Warm(States.profile("warm", T0), States.SETUP, T0, replyTo);
  }

  private static InstanceCommand claim(ActorRef<InstanceReply> replyTo) {
    return new InstanceCommand.Claim("key", States.PROFILE, States.SETUP, T0, replyTo);
  }

  private static InstanceCommand report(Stage stage) {
    var done = finished(1, stage);
    return new InstanceCommand.StagesFinished(
        1,
        List.of(
            new InstanceCommand.Finished(
                done.done(), done.endpoint(), 0, "", false, Optional.empty(), T0)));
  }

  private EventSourcedBehaviorTestKit<InstanceCommand, InstanceEvent, InstanceState> start(
      InstanceReadSide readSide) {
    return EventSourcedBehaviorTestKit.create(
        KIT.system(),
        InstanceEntity.create(
            new InstanceId("0190a000-0000-7000-8000-00000000000a"),
            effects(),
            (view, labelsToo) -> {
              stored.add(view);
              labelsStored.add(labelsToo);
              return readSide.store(view, labelsToo);
            },
            new InstanceHosting(
                sentToSelf::add, () -> canBeHosted, () -> journalVersion, States.TRANSITIONS),
            SETTINGS,
            dev.chowder.base.Failpoints.NONE),
        // Events have their own format, which InstanceJournalGoldenTest checks.
        new EventSourcedBehaviorTestKit.SerializationSettings(true, true, true, false, true));
  }

  private InstanceEffects effects() {
    return new InstanceEffects() {
      @Override
      public void dispatch(
          InstanceId id,
          Optional<HomeRef> home,
          InstanceEffect effect,
          Consumer<InstanceCommand.Report> report) {
        dispatched.add(effect);
      }

      @Override
      public Duration runningFor(InstanceId id) {
        return runningFor.get();
      }
    };
  }

  @Test
  void createPersistsTheEventStoresTheViewRepliesAndDispatchesTheFirstStage() {
    var result =
        instance.<InstanceReply>runCommand(
            replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    Object journalled = ((List<?>) result.events()).getFirst();
    assertThat(journalled).isEqualTo(new InstanceJournal().toJournal(States.created()));
    assertThat(result.reply())
        .isInstanceOfSatisfying(
            InstanceReply.Accepted.class,
            a -> {
              assertThat(a.view().revision()).isEqualTo(1);
              assertThat(stored.getLast()).isEqualTo(a.view());
            });
    assertThat(dispatched).hasSize(1);
    assertThat(dispatched.getFirst())
        .isInstanceOfSatisfying(
            InstanceEffect.RunStages.class,
            run -> assertThat(run.stages()).startsWith(Stage.CREATE_SANDBOX));
  }

  @Test
  void aRestartedActorDispatchesThePendingEffectAgain() {
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    dispatched.clear();
    instance.restart();
    // The stopping actor cancels its effect, since the next actor may run on another node.
    assertThat(dispatched).hasSize(2);
    assertThat(dispatched.getFirst()).isEqualTo(new InstanceEffect.None());
    assertThat(dispatched.getLast()).isInstanceOf(InstanceEffect.RunStages.class);
  }

  @Test
  void anActorThatStopsWithAPendingEffectRedispatchesItToItsSuccessor() {
    instance.restart();
    assertThat(sentToSelf).isEmpty();
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    instance.restart();
    assertThat(sentToSelf).hasSize(1);
    assertThat(sentToSelf.getFirst()).isInstanceOf(InstanceCommand.Redispatch.class);
  }

  @Test
  void anActorThatStopsWithTheLastNodeSendsNothing() {
    canBeHosted = false;
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    instance.restart();
    assertThat(sentToSelf).isEmpty();
  }

  @Test
  void aStageIsOverdueOnlyAfterItsOwnRunTime() {
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    var limit = Duration.ofMinutes(10);
    var redispatch = new InstanceCommand.Redispatch(T0.plus(Duration.ofHours(1)), limit);
    assertThat(instance.runCommand(redispatch).hasNoEvents()).as("in the queue").isTrue();
    runningFor.set(limit.minusNanos(1));
    assertThat(instance.runCommand(redispatch).hasNoEvents()).isTrue();
    runningFor.set(limit);
    assertThat(instance.runCommand(redispatch).state())
        .isInstanceOfSatisfying(
            InstanceState.Errored.class, e -> assertThat(e.reason()).isEqualTo("TIMED_OUT"));
  }

  @Test
  void theReplyFollowsTheStoredView() {
    var gate = new CompletableFuture<Done>();
    var slow = start((_, _) -> gate);
    TestProbe<InstanceReply> probe = KIT.createTestProbe();
    slow.runCommand(new InstanceCommand.Create("key", States.PROFILE, T0, probe.ref()));
    probe.expectNoMessage();
    gate.complete(Done.done());
    assertThat(probe.receiveMessage()).isInstanceOf(InstanceReply.Accepted.class);
    slow.clear();
  }

  @Test
  void aWatchWaitsForTheStoredViewAndAGetDoesNot() {
    var gate = new CompletableFuture<Done>();
    var slow = start((_, _) -> gate);
    TestProbe<InstanceReply> caller = KIT.createTestProbe();
    TestProbe<InstanceReply> watcher = KIT.createTestProbe();
    TestProbe<InstanceActor> actors = KIT.createTestProbe();
    slow.runCommand(new InstanceCommand.Create("key", States.PROFILE, T0, caller.ref()));
    slow.runCommand(new InstanceCommand.Watch(watcher.ref(), actors.ref()));
    assertThat(actors.receiveMessage()).isNotNull();
    slow.runCommand(new InstanceCommand.Get(caller.ref()));
    assertThat(revision(caller.receiveMessage())).isEqualTo(1);
    watcher.expectNoMessage();
    gate.complete(Done.done());
    assertThat(revision(watcher.receiveMessage())).isEqualTo(1);
    slow.clear();
  }

  @Test
  void onlyTheNewestWaitingViewIsStoredAndEveryCommandGetsAReply() {
    var gate = new CompletableFuture<Done>();
    var slow = start((_, _) -> gate);
    TestProbe<InstanceReply> probe = KIT.createTestProbe();
    slow.runCommand(new InstanceCommand.Create("key", States.PROFILE, T0, probe.ref()));
    for (var name : List.of("a", "b", "c")) {
      slow.runCommand(Updates.rename(name, probe.ref()));
    }
    assertThat(stored).extracting(InstanceView::revision).containsExactly(1);
    gate.complete(Done.done());
    for (int revision = 1; revision <= 4; revision++) {
      var reply = (InstanceReply.Accepted) probe.receiveMessage();
      assertThat(reply.view().revision()).isEqualTo(revision);
    }
    assertThat(stored).extracting(InstanceView::revision).containsExactly(1, 4);
    slow.clear();
  }

  @Test
  void labelsAreStoredOnlyIfTheyMayDiffer() {
    TestProbe<InstanceReply> probe = KIT.createTestProbe();
    instance.runCommand(new InstanceCommand.Create("key", States.PROFILE, T0, probe.ref()));
    instance.runCommand(Updates.rename("x", probe.ref()));
    instance.runCommand(Updates.relabel(Map.of("new", "label"), probe.ref()));
    instance.runCommand(
        new InstanceCommand.Delete("key", "request", T0.plusSeconds(1), probe.ref()));
    assertThat(labelsStored).containsExactly(true, false, true, true);
  }

  @Test
  void aFailingReadSideDoesNotPreventTheReply() {
    var failing = start((_, _) -> failed());
    var result =
        failing.<InstanceReply>runCommand(
            replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    assertThat(result.reply()).isInstanceOf(InstanceReply.Accepted.class);
    failing.clear();
  }

  @Test
  void refreshRowStoresTheViewAndItsLabelsAgain() {
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    dispatched.clear();
    var result = instance.<InstanceReply>runCommand(InstanceCommand.RefreshRow::new);
    assertThat(result.hasNoEvents()).isTrue();
    assertThat(revision(result.reply())).isEqualTo(1);
    assertThat(stored).extracting(InstanceView::revision).containsExactly(1, 1);
    assertThat(labelsStored).containsExactly(true, true);
    assertThat(dispatched).isEmpty();
  }

  @Test
  void refreshRowStoresTheViewAfterAWaitingOne() {
    var gate = new CompletableFuture<Done>();
    var slow = start((_, _) -> gate);
    TestProbe<InstanceReply> probe = KIT.createTestProbe();
    slow.runCommand(new InstanceCommand.Create("key", States.PROFILE, T0, probe.ref()));
    slow.runCommand(Updates.rename("x", probe.ref()));
    slow.runCommand(new InstanceCommand.RefreshRow(probe.ref()));
    gate.complete(Done.done());
    assertThat(revision(probe.receiveMessage())).isEqualTo(1);
    assertThat(revision(probe.receiveMessage())).isEqualTo(2);
    assertThat(revision(probe.receiveMessage())).isEqualTo(2);
    assertThat(stored).extracting(InstanceView::revision).containsExactly(1, 2, 2);
    assertThat(labelsStored).containsExactly(true, false, true);
    slow.clear();
  }

  @Test
  void refreshRowGetsNoReplyUntilTheViewIsStored() {
    var works = new AtomicBoolean();
    var failing =
        start((_, _) -> works.get() ? CompletableFuture.completedFuture(Done.done()) : failed());
    failing.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    TestProbe<InstanceReply> probe = KIT.createTestProbe();
    failing.runCommand(new InstanceCommand.RefreshRow(probe.ref()));
    probe.expectNoMessage();
    works.set(true);
    failing.runCommand(new InstanceCommand.RefreshRow(probe.ref()));
    assertThat(revision(probe.receiveMessage())).isEqualTo(1);
    failing.clear();
  }

  @Test
  void refreshRowOfAnAbsentInstanceRepliesDone() {
    assertThat(instance.<InstanceReply>runCommand(InstanceCommand.RefreshRow::new).reply())
        .isEqualTo(new InstanceReply.Done());
    assertThat(stored).isEmpty();
  }

  @Test
  void aWatcherGetsTheCurrentViewAndEachNewOneUpToTheLimit() {
    instance.<InstanceReply>runCommand(
        replyTo -> new InstanceCommand.Create("key", States.PROFILE, T0, replyTo));
    TestProbe<InstanceReply> one = KIT.createTestProbe();
    TestProbe<InstanceReply> two = KIT.createTestProbe();
    TestProbe<InstanceReply> three = KIT.createTestProbe();
    TestProbe<InstanceActor> actors = KIT.createTestProbe();
    instance.runCommand(new InstanceCommand.Watch(one.ref(), actors.ref()));
    instance.runCommand(new InstanceCommand.Watch(two.ref(), actors.ref()));
    instance.runCommand(new InstanceCommand.Watch(three.ref(), actors.ref()));
    assertThat(revision(one.receiveMessage())).isEqualTo(1);
    assertThat(three.receiveMessage())
        .isEqualTo(new InstanceReply.Refused(new InstanceRejection.TooManyWatchers(2)));
    assertThat(actors.receiveMessage()).isEqualTo(actors.receiveMessage());
    actors.expectNoMessage();
    var stage = finished(1, Stage.CREATE_SANDBOX);
    instance.runCommand(
        new InstanceCommand.StagesFinished(
            1,
            List.of(
                new InstanceCommand.Finished(
                    stage.done(), Optional.empty(), 0, "", false, Optional.empty(), T0))));
    assertThat(revision(one.receiveMessage())).isEqualTo(2);
  }

  private static int revision(InstanceReply reply) {
    return ((InstanceReply.Accepted) reply).view().revision();
  }

  private static CompletionStage<Done> failed() {
    return CompletableFuture.failedFuture(new IllegalStateException("database unavailable"));
  }
}
