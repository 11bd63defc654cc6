package dev.chowder.organization;

import static dev.chowder.organization.Samples.INSTANCE_ID;
import static dev.chowder.organization.Samples.T0;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.JournalVersion;
import dev.chowder.actor.TestActors;
import dev.chowder.base.Failpoints;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.persistence.testkit.javadsl.EventSourcedBehaviorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class OrganizationEntityTest {
  private static int journalVersion = JournalVersion.CURRENT;
  private static final ActorTestKit KIT =
      ActorTestKit.create(EventSourcedBehaviorTestKit.config().withFallback(TestActors.CONFIG));

  private final List<OrganizationView> stored = new ArrayList<>();
  private final EventSourcedBehaviorTestKit<
          OrganizationCommand, OrganizationEvent, OrganizationState>
      organization =
          start(
              view -> {
                stored.add(view);
                return CompletableFuture.completedFuture(Done.done());
              });

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @BeforeEach
  void clear() {
    journalVersion = JournalVersion.CURRENT;
    organization.clear();
    stored.clear();
  }

  private static EventSourcedBehaviorTestKit<
          OrganizationCommand, OrganizationEvent, OrganizationState>
      start(OrganizationReadSide readSide) {
    return EventSourcedBehaviorTestKit.create(
        KIT.system(),
        Behaviors.setup(
            context ->
                OrganizationEntity.create(
                    Samples.ID,
                    readSide,
                    context.getSelf()::tell,
                    () -> journalVersion,
                    settings(1),
                    Failpoints.NONE)),
        // Checks equality, commands and replies. Events and states have their own formats, which
        // OrganizationJournalTest checks.
        new EventSourcedBehaviorTestKit.SerializationSettings(true, true, true, false, false));
  }

  /**
   * Returns settings. With 1, a slot change is decided together with its command, as the kit
   * expects.
   */
  private static OrganizationSettings settings(int slotsPerWrite) {
    return new OrganizationSettings(
        Duration.ofSeconds(20), Duration.ofSeconds(3), 500, slotsPerWrite);
  }

  @Test
  void eventsThatAnOlderNodeCannotReadAreRejectedUntilItLeaves() {
    organization.<OrganizationReply>runCommand(
        replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
    journalVersion = 0;
    assertThat(
            organization
                .<OrganizationReply>runCommand(
                    replyTo -> new OrganizationCommand.Suspend(T0, replyTo))
                .reply())
        .isEqualTo(new OrganizationReply.Refused(new OrganizationRejection.UpgradeUnderWay()));
    journalVersion = 1;
    assertThat(
            organization
                .<OrganizationReply>runCommand(
                    replyTo -> new OrganizationCommand.Suspend(T0, replyTo))
                .reply())
        .isInstanceOf(OrganizationReply.Accepted.class);
  }

  @Test
  void concurrentSlotChangesShareAWriteAndEachGetsAReply() {
    var answers = slotChangesAtOnce(100);
    assertThat(answers.subList(0, 10))
        .allSatisfy(
            answer -> {
              assertThat(accepted(answer).revision()).isEqualTo(3 + 12);
              assertThat(accepted(answer).slots()).isEqualTo(10);
            });
    assertThat(answers.get(10))
        .isEqualTo(new OrganizationReply.Refused(new OrganizationRejection.LimitReached(10, 10)));
    // One slot was released in between and reserved by the next command.
    assertThat(accepted(answers.get(11)).revision()).isEqualTo(3 + 12);
    assertThat(accepted(answers.get(12)).slots()).isEqualTo(10);
  }

  @Test
  void theNumberOfSlotChangesInOneWriteIsLimited() {
    assertThat(slotChangesAtOnce(5))
        .filteredOn(OrganizationReply.Accepted.class::isInstance)
        .extracting(answer -> accepted(answer).revision())
        .containsExactly(8, 8, 8, 8, 8, 13, 13, 13, 13, 13, 15, 15);
  }

  /** Reserves all ten slots, one too many, releases one of the ten and reserves it again. */
  private static List<OrganizationReply> slotChangesAtOnce(int slotsPerWrite) {
    var id = UUID.randomUUID().toString();
    var allAreSent = new CountDownLatch(1);
    var entity =
        KIT.spawn(
            Behaviors.<OrganizationCommand>setup(
                context -> {
                  allAreSent.await();
                  return OrganizationEntity.create(
                      id,
                      _ -> CompletableFuture.completedFuture(Done.done()),
                      context.getSelf()::tell,
                      () -> journalVersion,
                      settings(slotsPerWrite),
                      Failpoints.NONE);
                }));
    TestProbe<OrganizationReply> first = KIT.createTestProbe();
    entity.tell(new OrganizationCommand.SignUp("acme", "request", T0, first.ref()));
    entity.tell(new OrganizationCommand.SetTier(Tier.CRAB, T0, first.ref()));
    entity.tell(
        new OrganizationCommand.Update(
            "key",
            Optional.empty(),
            Map.of(ModelProvider.OPENAI, "v1"),
            Set.of(),
            Map.of(),
            T0,
            first.ref()));
    TestProbe<OrganizationReply> probe = KIT.createTestProbe();
    for (int n = 0; n < 13; n++) {
      entity.tell(
          n == 11
              ? new OrganizationCommand.ReleaseSlot("3", T0, probe.ref())
              : new OrganizationCommand.ReserveSlot(
                  "key", "" + n, ModelProvider.OPENAI, T0, probe.ref()));
    }
    allAreSent.countDown();
    var answers = probe.receiveSeveralMessages(13);
    KIT.stop(entity);
    return answers;
  }

  @Test
  void aSignUpIsPersistedStoredAndAnswered() {
    var result =
        organization.<OrganizationReply>runCommand(
            replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
    Object persisted = ((List<?>) result.events()).getFirst();
    assertThat(persisted)
        .isEqualTo(
            new OrganizationJournal()
                .toJournal(new OrganizationEvent.SignedUp("acme", Tier.SHRIMP, "request", T0)));
    OrganizationView view = accepted(result.reply());
    assertThat(view.revision()).isEqualTo(1);
    assertThat(view.tier()).isEqualTo(Tier.SHRIMP);
    assertThat(stored).containsExactly(view);
  }

  @Test
  void slotsAndSettingsSurviveARestart() {
    signUp();
    var _ =
        organization.<OrganizationReply>runCommand(
            replyTo ->
                new OrganizationCommand.Update(
                    "key",
                    Optional.empty(),
                    Map.of(ModelProvider.OPENAI, "v1"),
                    Set.of(),
                    Map.of(ModelProvider.CUSTOM, Samples.merge("http://h/v1", "m")),
                    T0,
                    replyTo));
    OrganizationView before =
        accepted(
            organization
                .<OrganizationReply>runCommand(
                    replyTo ->
                        new OrganizationCommand.ReserveSlot(
                            "key", INSTANCE_ID, ModelProvider.CUSTOM, T0, replyTo))
                .reply());
    assertThat(before.endpoint(ModelProvider.CUSTOM))
        .contains(new ModelEndpoint("http://h/v1", "m", ""));
    assertThat(before.revision()).isEqualTo(4);
    organization.restart();
    assertThat(
            accepted(
                organization.<OrganizationReply>runCommand(OrganizationCommand.Get::new).reply()))
        .isEqualTo(before);
    assertThat(
            organization.<OrganizationReply>runCommand(OrganizationCommand.GetSlots::new).reply())
        .isEqualTo(new OrganizationReply.Slots(Map.of(INSTANCE_ID, T0)));
  }

  @Test
  void aSubscriptionSurvivesARestartAndItsEventsAreAppliedOnce() {
    signUp();
    var _ =
        organization.<OrganizationReply>runCommand(
            replyTo ->
                new OrganizationCommand.LinkCustomer(
                    "key", "cus_1", Optional.empty(), T0, replyTo));
    var fact =
        new SubscriptionFact(
            "evt_1", T0, "cus_1", "sub_1", SubscriptionFact.Kind.STARTED, Optional.of(Tier.CRAB));
    for (boolean first : new boolean[] {true, false}) {
      var result =
          organization.<OrganizationReply>runCommand(
              replyTo -> new OrganizationCommand.ApplySubscription(fact, T0, replyTo));
      assertThat(result.hasNoEvents()).isEqualTo(!first);
      assertThat(accepted(result.reply()).tier()).isEqualTo(Tier.CRAB);
      assertThat(accepted(result.reply()).subscriptionId()).isEqualTo("sub_1");
      organization.restart();
    }
  }

  @Test
  void aRepeatedReservationIsAcceptedAndPersistsNothing() {
    signUp();
    useOpenai();
    for (boolean first : new boolean[] {true, false}) {
      var result =
          organization.<OrganizationReply>runCommand(
              replyTo ->
                  new OrganizationCommand.ReserveSlot(
                      "key", INSTANCE_ID, ModelProvider.OPENAI, T0, replyTo));
      assertThat(accepted(result.reply()).slots()).isEqualTo(1);
      assertThat(result.hasNoEvents()).isEqualTo(!first);
    }
  }

  @Test
  void aRejectionHasAReasonAndPersistsNothing() {
    signUp();
    var result =
        organization.<OrganizationReply>runCommand(
            replyTo ->
                new OrganizationCommand.ReserveSlot(
                    "key", INSTANCE_ID, ModelProvider.OPENAI, T0, replyTo));
    assertThat(result.reply())
        .isEqualTo(
            new OrganizationReply.Refused(
                new OrganizationRejection.ProviderNotConfigured(ModelProvider.OPENAI)));
    assertThat(result.hasNoEvents()).isTrue();
  }

  @Test
  void theReplyFollowsTheStoredView() {
    var gate = new CompletableFuture<Done>();
    var slow = start(_ -> gate);
    TestProbe<OrganizationReply> probe = KIT.createTestProbe();
    slow.runCommand(new OrganizationCommand.SignUp("acme", "request", T0, probe.ref()));
    probe.expectNoMessage();
    gate.complete(Done.done());
    assertThat(accepted(probe.receiveMessage()).name()).isEqualTo("acme");
    slow.clear();
  }

  @Test
  void aFailingReadSideDoesNotBlockTheReply() {
    var failing =
        start(_ -> CompletableFuture.failedFuture(new IllegalStateException("unavailable")));
    var result =
        failing.<OrganizationReply>runCommand(
            replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
    assertThat(accepted(result.reply()).name()).isEqualTo("acme");
    failing.clear();
  }

  @Test
  void aFailedWriteOfTheViewIsRetriedWithoutACommand() throws Exception {
    var tries = new AtomicInteger();
    var stored = new CompletableFuture<OrganizationView>();
    var unavailable =
        start(
            view -> {
              if (tries.getAndIncrement() == 0) {
                return CompletableFuture.failedFuture(new IllegalStateException("unavailable"));
              }
              stored.complete(view);
              return CompletableFuture.completedFuture(Done.done());
            });
    var result =
        unavailable.<OrganizationReply>runCommand(
            replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
    assertThat(stored.get(20, TimeUnit.SECONDS)).isEqualTo(accepted(result.reply()));
    unavailable.clear();
  }

  @Test
  void aRefreshIsAnsweredOnceTheViewIsStored() {
    var works = new AtomicBoolean();
    var writes = new AtomicInteger();
    var failing =
        start(
            _ -> {
              writes.incrementAndGet();
              return works.get()
                  ? CompletableFuture.completedFuture(Done.done())
                  : CompletableFuture.failedFuture(new IllegalStateException("unavailable"));
            });
    failing.<OrganizationReply>runCommand(
        replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
    TestProbe<OrganizationReply> probe = KIT.createTestProbe();
    failing.runCommand(new OrganizationCommand.RefreshRow(probe.ref()));
    probe.expectNoMessage();
    works.set(true);
    assertThat(failing.runCommand(new OrganizationCommand.RefreshRow(probe.ref())).hasNoEvents())
        .isTrue();
    assertThat(accepted(probe.receiveMessage()).revision()).isEqualTo(1);
    assertThat(writes).hasValueGreaterThanOrEqualTo(3);
    failing.clear();
  }

  private void signUp() {
    var _ =
        organization.<OrganizationReply>runCommand(
            replyTo -> new OrganizationCommand.SignUp("acme", "request", T0, replyTo));
  }

  private void useOpenai() {
    var _ =
        organization.<OrganizationReply>runCommand(
            replyTo ->
                new OrganizationCommand.Update(
                    "key",
                    Optional.empty(),
                    Map.of(ModelProvider.OPENAI, "v1"),
                    Set.of(),
                    Map.of(),
                    T0,
                    replyTo));
  }

  private static OrganizationView accepted(OrganizationReply reply) {
    assertThat(reply).isInstanceOf(OrganizationReply.Accepted.class);
    return ((OrganizationReply.Accepted) reply).view();
  }
}
