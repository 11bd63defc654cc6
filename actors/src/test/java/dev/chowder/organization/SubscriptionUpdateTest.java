package dev.chowder.organization;

import static dev.chowder.organization.Samples.T1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.actor.TestActors;
import dev.chowder.organization.OrganizationState.Active;
import dev.chowder.organization.SubscriptionFact.Kind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Checks the effects of Stripe events on an organization, in any order and with duplicates. */
class SubscriptionUpdateTest {
  private static final ActorTestKit KIT = ActorTestKit.create(TestActors.CONFIG);
  private static final ActorRef<OrganizationReply> IGNORED =
      KIT.<OrganizationReply>createTestProbe().ref();
  private static final Instant START = Instant.parse("2026-03-01T00:00:00Z");
  private static final SubscriptionFact STARTED =
      fact("evt_1", 0, "sub_1", Kind.STARTED, Tier.LOBSTER);

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void aCompletedCheckoutSetsTheTierOnce() {
    var lobster = applied(linked(Tier.SHRIMP), STARTED);
    assertThat(lobster.tier()).isEqualTo(Tier.LOBSTER);
    assertThat(Samples.view(lobster).subscriptionId()).isEqualTo("sub_1");
    assertThat(decide(lobster, STARTED)).isEqualTo(Decision.accept());
  }

  @Test
  void anEventOfAnotherCustomerIsRejected() {
    var another = new OrganizationRejection.AnotherCustomer();
    assertThat(decide(Samples.active(), STARTED)).isEqualTo(Decision.reject(another));
    var other = linked(Tier.SHRIMP, "cus_2");
    assertThat(decide(other, STARTED)).isEqualTo(Decision.reject(another));
  }

  @Test
  void aLinkedCustomerIsReplacedOnlyIfTheCommandNamesIt() {
    var first = linked(Tier.SHRIMP);
    assertThat(decide(first, link("cus_2", Optional.empty()))).isEqualTo(Decision.accept());
    assertThat(decide(first, link("cus_2", Optional.of("cus_0")))).isEqualTo(Decision.accept());
    var second = apply(first, link("cus_2", Optional.of("cus_1")));
    assertThat(Samples.view(second).customerId()).isEqualTo("cus_2");
  }

  @Test
  void anEventOlderThanTheNewestAppliedChangesNothing() {
    var crab =
        applied(
            applied(linked(Tier.SHRIMP), STARTED),
            fact("evt_3", 20, "sub_1", Kind.CHANGED, Tier.CRAB));
    assertThat(crab.tier()).isEqualTo(Tier.CRAB);
    assertThat(decide(crab, fact("evt_2", 10, "sub_1", Kind.CHANGED, Tier.LOBSTER)))
        .isEqualTo(Decision.accept());
  }

  @Test
  void anEventThatKeepsTheTierStillOutdatesOlderEvents() {
    var renewed =
        applied(
            applied(linked(Tier.SHRIMP), STARTED),
            fact("evt_3", 20, "sub_1", Kind.CHANGED, Tier.LOBSTER));
    assertThat(decide(renewed, fact("evt_2", 10, "sub_1", Kind.CHANGED, Tier.CRAB)))
        .isEqualTo(Decision.accept());
  }

  @Test
  void eventsOfOneSecondAreAppliedOnceEach() {
    var first = fact("evt_a", 5, "sub_1", Kind.CHANGED, Tier.CRAB);
    var second = fact("evt_b", 5, "sub_1", Kind.CHANGED, Tier.LOBSTER);
    var both = applied(applied(linked(Tier.SHRIMP), first), second);
    assertThat(both.tier()).isEqualTo(Tier.LOBSTER);
    for (var again : List.of(first, second)) {
      assertThat(decide(both, again)).isEqualTo(Decision.accept());
    }
  }

  @Test
  void anEndedSubscriptionIgnoresLaterEvents() {
    var ended = applied(applied(linked(Tier.SHRIMP), STARTED), ended("evt_9", 30, "sub_1"));
    assertThat(ended.tier()).isEqualTo(Tier.SHRIMP);
    assertThat(Samples.view(ended).subscriptionId()).isEmpty();
    for (int second : new int[] {29, 30, 31}) {
      assertThat(decide(ended, fact("evt_x", second, "sub_1", Kind.CHANGED, Tier.LOBSTER)))
          .as("%s s", second)
          .isEqualTo(Decision.accept());
    }
    var next = applied(ended, fact("evt_n", 40, "sub_2", Kind.STARTED, Tier.CRAB));
    assertThat(next.tier()).isEqualTo(Tier.CRAB);
    assertThat(decide(next, ended("evt_9", 30, "sub_1"))).isEqualTo(Decision.accept());
  }

  @Test
  void theSubscriptionOfTheLastCheckoutDeterminesTheTier() {
    var two =
        applied(
            applied(linked(Tier.SHRIMP), STARTED),
            fact("evt_2", 10, "sub_2", Kind.STARTED, Tier.CRAB));
    assertThat(two.tier()).isEqualTo(Tier.CRAB);
    assertThat(decide(two, fact("evt_3", 20, "sub_1", Kind.CHANGED, Tier.LOBSTER)))
        .isEqualTo(Decision.accept());
    assertThat(decide(two, ended("evt_4", 30, "sub_1"))).isEqualTo(Decision.accept());
    var none = applied(two, ended("evt_5", 40, "sub_2"));
    assertThat(none.tier()).isEqualTo(Tier.SHRIMP);
    // The first subscription is still active.
    assertThat(applied(none, fact("evt_6", 50, "sub_1", Kind.CHANGED, Tier.LOBSTER)).tier())
        .isEqualTo(Tier.LOBSTER);
  }

  @Test
  void anUnpaidSubscriptionGrantsNoTier() {
    var unpaid =
        new SubscriptionFact("evt_2", at(10), "cus_1", "sub_1", Kind.CHANGED, Optional.empty());
    var shrimp = applied(applied(linked(Tier.SHRIMP), STARTED), unpaid);
    assertThat(shrimp.tier()).isEqualTo(Tier.SHRIMP);
    assertThat(Samples.view(shrimp).subscriptionId()).isEqualTo("sub_1");
    assertThat(applied(shrimp, fact("evt_3", 20, "sub_1", Kind.CHANGED, Tier.LOBSTER)).tier())
        .isEqualTo(Tier.LOBSTER);
  }

  @Test
  void anOperatorsTierStaysUntilTheSubscriptionGrantsAnotherOne() {
    var lobster = applied(linked(Tier.SHRIMP), STARTED);
    var whale = apply(lobster, new OrganizationCommand.SetTier(Tier.WHALE, T1, IGNORED));
    var renewed = applied(whale, fact("evt_2", 10, "sub_1", Kind.CHANGED, Tier.LOBSTER));
    assertThat(renewed.tier()).isEqualTo(Tier.WHALE);
    assertThat(applied(renewed, fact("evt_3", 20, "sub_1", Kind.CHANGED, Tier.CRAB)).tier())
        .isEqualTo(Tier.CRAB);
  }

  @Test
  void aDowngradeReleasesNoSlotAndGrantsNone() {
    var full = applied(linked(Tier.CRAB), STARTED);
    for (var instance : List.of("a", "b")) {
      full =
          apply(
              full,
              new OrganizationCommand.ReserveSlot(
                  "key", instance, ModelProvider.OPENAI, T1, IGNORED));
    }
    var lowered = applied(full, ended("evt_2", 10, "sub_1"));
    assertThat(lowered.slots()).hasSize(3);
    assertThat(
            OrganizationLifecycle.decide(
                lowered,
                new OrganizationCommand.ReserveSlot("key", "c", ModelProvider.OPENAI, T1, IGNORED)))
        .isEqualTo(Decision.reject(new OrganizationRejection.LimitReached(3, 1)));
  }

  /** Events of one subscription, each of another second. */
  @Test
  void theNewestEventDeterminesTheTierInAnyOrder() {
    var facts =
        new ArrayList<>(
            List.of(
                STARTED,
                fact("evt_2", 10, "sub_1", Kind.CHANGED, Tier.CRAB),
                fact("evt_3", 20, "sub_1", Kind.CHANGED, Tier.LOBSTER),
                fact("evt_4", 30, "sub_1", Kind.CHANGED, Tier.CRAB),
                ended("evt_5", 40, "sub_1")));
    var random = new Random(7);
    for (int round = 0; round < 200; round++) {
      Collections.shuffle(facts, random);
      var state = linked(Tier.SHRIMP);
      var newest = Instant.MIN;
      var expected = Tier.SHRIMP;
      for (var fact : facts) {
        state = applied(state, fact);
        if (fact.eventAt().isAfter(newest)) {
          newest = fact.eventAt();
          expected = fact.tier().orElse(Tier.SHRIMP);
        }
        assertThat(state.tier()).as("%s", facts).isEqualTo(expected);
      }
    }
  }

  private static Active linked(Tier tier) {
    return linked(tier, "cus_1");
  }

  private static Active linked(Tier tier, String customer) {
    return apply(
        apply(Samples.active(), new OrganizationCommand.SetTier(tier, T1, IGNORED)),
        link(customer, Optional.empty()));
  }

  private static OrganizationCommand.Request link(String customer, Optional<String> instead) {
    return new OrganizationCommand.LinkCustomer("key", customer, instead, T1, IGNORED);
  }

  private static Instant at(int second) {
    return START.plusSeconds(second);
  }

  private static SubscriptionFact fact(
      String event, int second, String subscription, Kind kind, Tier tier) {
    return new SubscriptionFact(event, at(second), "cus_1", subscription, kind, Optional.of(tier));
  }

  private static SubscriptionFact ended(String event, int second, String subscription) {
    return new SubscriptionFact(
        event, at(second), "cus_1", subscription, Kind.ENDED, Optional.empty());
  }

  private static Active applied(Active state, SubscriptionFact fact) {
    return apply(state, new OrganizationCommand.ApplySubscription(fact, T1, IGNORED));
  }

  private static Decision decide(Active state, SubscriptionFact fact) {
    return decide(state, new OrganizationCommand.ApplySubscription(fact, T1, IGNORED));
  }

  private static Decision decide(Active state, OrganizationCommand.Request command) {
    return OrganizationLifecycle.decide(state, command);
  }

  private static Active apply(Active state, OrganizationCommand.Request command) {
    OrganizationState next = state;
    if (decide(state, command) instanceof Decision.Accept(var events)) {
      for (OrganizationEvent event : events) next = OrganizationLifecycle.evolve(next, event);
    }
    return (Active) next;
  }
}
