package dev.chowder.organization;

import static dev.chowder.organization.Decision.accept;
import static dev.chowder.organization.Decision.reject;
import static dev.chowder.organization.Samples.ENDPOINT;
import static dev.chowder.organization.Samples.INSTANCE_ID;
import static dev.chowder.organization.Samples.T0;
import static dev.chowder.organization.Samples.T1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.actor.TestActors;
import dev.chowder.organization.OrganizationState.Absent;
import dev.chowder.organization.OrganizationState.Active;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.pcollections.HashTreePMap;

class OrganizationLifecycleTest {
  private static final ActorTestKit KIT = ActorTestKit.create(TestActors.CONFIG);
  private static final ActorRef<OrganizationReply> IGNORED =
      KIT.<OrganizationReply>createTestProbe().ref();
  private static final Active ACTIVE = Samples.active();

  @AfterAll
  static void stop() {
    KIT.shutdownTestKit();
  }

  @Test
  void aNewOrganizationIsAShrimpWithoutSlotsOrProviders() {
    var signedUp = new OrganizationEvent.SignedUp("acme", Tier.SHRIMP, "request", T0);
    assertThat(decide(new Absent(), new OrganizationCommand.SignUp("acme", "request", T0, IGNORED)))
        .isEqualTo(accept(signedUp));
    assertThat(OrganizationLifecycle.evolve(new Absent(), signedUp))
        .isEqualTo(
            new Active(
                "acme",
                Tier.SHRIMP,
                ProviderKeys.NONE,
                Map.of(),
                HashTreePMap.empty(),
                Billing.NONE,
                Standing.ACTIVE,
                T0,
                T0,
                "request"));
  }

  @Test
  void commandsToAMissingOrganizationAreRejected() {
    for (OrganizationCommand.Request command :
        List.of(
            new OrganizationCommand.Get(IGNORED),
            new OrganizationCommand.GetSlots(IGNORED),
            new OrganizationCommand.RefreshRow(IGNORED),
            update(Optional.of("n"), Set.of(), Set.of(), Map.of()),
            new OrganizationCommand.SetTier(Tier.CRAB, T0, IGNORED),
            new OrganizationCommand.RecordKeyCreated("key", "made", T0, IGNORED),
            new OrganizationCommand.RecordKeyRevoked("key", "revoked", T0, IGNORED),
            new OrganizationCommand.LinkCustomer("key", "cus_1", Optional.empty(), T0, IGNORED),
            new OrganizationCommand.ApplySubscription(
                new SubscriptionFact(
                    "evt_1",
                    T0,
                    "cus_1",
                    "sub_1",
                    SubscriptionFact.Kind.STARTED,
                    Optional.of(Tier.CRAB)),
                T0,
                IGNORED),
            reserve(INSTANCE_ID, ModelProvider.OPENAI),
            new OrganizationCommand.ReleaseSlot(INSTANCE_ID, T0, IGNORED))) {
      assertThat(decide(new Absent(), command))
          .as(command.getClass().getSimpleName())
          .isEqualTo(reject(new OrganizationRejection.NotFound()));
    }
  }

  @Test
  void aSecondSignUpWithTheSameIdIsRejected() {
    var signedUp =
        OrganizationLifecycle.evolve(
            new Absent(), new OrganizationEvent.SignedUp("acme", Tier.SHRIMP, "request", T0));
    // A concurrent request.
    assertThat(decide(signedUp, new OrganizationCommand.SignUp("acme", "another", T0, IGNORED)))
        .isEqualTo(reject(new OrganizationRejection.AlreadyExists()));
    // The same request, resent because its reply was lost.
    assertThat(decide(signedUp, new OrganizationCommand.SignUp("acme", "request", T0, IGNORED)))
        .isEqualTo(accept());
  }

  @Test
  void createdAndRevokedKeysAreRecordedAndChangeNothing() {
    var made = new OrganizationEvent.KeyMade("key", "made", T1);
    assertThat(decide(ACTIVE, new OrganizationCommand.RecordKeyCreated("key", "made", T1, IGNORED)))
        .isEqualTo(accept(made));
    assertThat(OrganizationLifecycle.evolve(ACTIVE, made)).isEqualTo(ACTIVE);
    var revoked = new OrganizationEvent.KeyRevoked("key", "revoked", T1);
    assertThat(
            decide(ACTIVE, new OrganizationCommand.RecordKeyRevoked("key", "revoked", T1, IGNORED)))
        .isEqualTo(accept(revoked));
    assertThat(OrganizationLifecycle.evolve(ACTIVE, revoked)).isEqualTo(ACTIVE);
  }

  @Test
  void reservingASlotTwiceChangesNothing() {
    Active full = with(ACTIVE, Tier.SHRIMP);
    assertThat(decide(full, reserve(INSTANCE_ID, ModelProvider.OPENAI))).isEqualTo(accept());
  }

  @Test
  void theLimitIsThatOfTheTierAndTheRejectionHasTheNumberOfSlots() {
    Active full = with(ACTIVE, Tier.SHRIMP);
    assertThat(decide(full, reserve("another", ModelProvider.OPENAI)))
        .isEqualTo(reject(new OrganizationRejection.LimitReached(1, 1)));
    assertThat(decide(ACTIVE, reserve("another", ModelProvider.OPENAI)))
        .isEqualTo(accept(new OrganizationEvent.SlotReserved("key", "another", T1)));
  }

  @Test
  void aWhaleHasNoLimit() {
    Map<String, Instant> slots = new HashMap<>();
    for (int n = 0; n < 2000; n++) slots.put("i" + n, T0);
    Active whale =
        new Active(
            "acme",
            Tier.WHALE,
            ProviderKeys.NONE.with(ModelProvider.OPENAI, "v0"),
            Map.of(),
            HashTreePMap.from(slots),
            Billing.NONE,
            Standing.ACTIVE,
            T0,
            T0,
            "");
    assertThat(decide(whale, reserve("another", ModelProvider.OPENAI)))
        .isEqualTo(accept(new OrganizationEvent.SlotReserved("key", "another", T1)));
  }

  @Test
  void aSuspendedOrganizationGetsNoNewSlotUntilItIsResumed() {
    var suspended = evolve(ACTIVE, new OrganizationEvent.Suspended(T1));
    assertThat(decide(ACTIVE, new OrganizationCommand.Suspend(T1, IGNORED)))
        .isEqualTo(accept(new OrganizationEvent.Suspended(T1)));
    assertThat(decide(suspended, new OrganizationCommand.Suspend(T1, IGNORED))).isEqualTo(accept());
    assertThat(decide(suspended, reserve("another", ModelProvider.OPENAI)))
        .isEqualTo(reject(new OrganizationRejection.Suspended()));
    assertThat(decide(suspended, reserve(Samples.INSTANCE_ID, ModelProvider.OPENAI)))
        .as("a slot that it holds already")
        .isEqualTo(accept());
    assertThat(decide(suspended, new OrganizationCommand.Resume(T1, IGNORED)))
        .isEqualTo(accept(new OrganizationEvent.Resumed(T1)));
    var resumed = evolve(suspended, new OrganizationEvent.Resumed(T1));
    assertThat(decide(resumed, reserve("another", ModelProvider.OPENAI)))
        .isEqualTo(accept(new OrganizationEvent.SlotReserved("key", "another", T1)));
    assertThat(decide(resumed, new OrganizationCommand.Resume(T1, IGNORED))).isEqualTo(accept());
  }

  @Test
  void aDeletionNeedsTheNameAndEndsWhenNoSlotIsHeld() {
    assertThat(decide(ACTIVE, new OrganizationCommand.Delete("another", T1, IGNORED)))
        .satisfies(rejectsField("name"));
    assertThat(decide(ACTIVE, new OrganizationCommand.Delete("acme", T1, IGNORED)))
        .isEqualTo(accept(new OrganizationEvent.DeletionRequested(T1)));
    var deleting = evolve(ACTIVE, new OrganizationEvent.DeletionRequested(T1));
    assertThat(decide(deleting, new OrganizationCommand.Delete("acme", T1, IGNORED)))
        .isEqualTo(accept());
    var finish = new OrganizationCommand.FinishDeletion("", T1, IGNORED);
    assertThat(decide(deleting, finish))
        .as("an organization that holds a slot")
        .isEqualTo(accept());
    var empty = evolve(deleting, new OrganizationEvent.SlotReleased(Samples.INSTANCE_ID, T1));
    assertThat(decide(empty, finish)).isEqualTo(accept(new OrganizationEvent.Deleted(T1)));
    var deleted = evolve(empty, new OrganizationEvent.Deleted(T1));
    assertThat(decide(deleted, finish)).isEqualTo(accept());
    assertThat(((Active) deleted).standing()).isEqualTo(Standing.DELETED);
  }

  @Test
  void aSubscriptionThatBeginsAfterTheDeletionIsCancelledToo() {
    OrganizationState deleted = ACTIVE;
    for (OrganizationEvent event :
        List.of(
            new OrganizationEvent.CustomerLinked("key", "cus_9", T1),
            new OrganizationEvent.SlotReleased(Samples.INSTANCE_ID, T1),
            new OrganizationEvent.DeletionRequested(T1),
            new OrganizationEvent.Deleted(T1))) {
      deleted = evolve(deleted, event);
    }
    var begun = apply(deleted, decide(deleted, applySubscription(SubscriptionFact.Kind.STARTED)));
    assertThat(((Active) begun).standing())
        .as("a subscription that must be cancelled")
        .isEqualTo(Standing.DELETING);
    assertThat(OrganizationView.of("id", 1, begun).orElseThrow().subscriptionId())
        .isEqualTo("sub_9");
    // The deletion found no subscription to cancel, or another one.
    assertThat(decide(begun, new OrganizationCommand.FinishDeletion("", T1, IGNORED)))
        .isEqualTo(accept());
    assertThat(decide(begun, new OrganizationCommand.FinishDeletion("sub_8", T1, IGNORED)))
        .isEqualTo(accept());
    var finish = new OrganizationCommand.FinishDeletion("sub_9", T1, IGNORED);
    var finished = apply(begun, decide(begun, finish));
    assertThat(((Active) finished).standing()).isEqualTo(Standing.DELETED);
    var cancelled =
        apply(finished, decide(finished, applySubscription(SubscriptionFact.Kind.ENDED)));
    assertThat(((Active) cancelled).standing()).isEqualTo(Standing.DELETED);
  }

  private static OrganizationCommand.Request applySubscription(SubscriptionFact.Kind kind) {
    var ended = kind == SubscriptionFact.Kind.ENDED;
    var tier = ended ? Optional.<Tier>empty() : Optional.of(Tier.LOBSTER);
    return new OrganizationCommand.ApplySubscription(
        new SubscriptionFact("evt_" + kind, ended ? T1 : T0, "cus_9", "sub_9", kind, tier),
        T1,
        IGNORED);
  }

  @Test
  void aDeletedOrganizationRejectsAllOtherCommands() {
    var deleting = evolve(ACTIVE, new OrganizationEvent.DeletionRequested(T1));
    for (OrganizationCommand.Request command :
        List.of(
            reserve("another", ModelProvider.OPENAI),
            new OrganizationCommand.Suspend(T1, IGNORED),
            new OrganizationCommand.Resume(T1, IGNORED),
            new OrganizationCommand.SetTier(Tier.WHALE, T1, IGNORED),
            new OrganizationCommand.RecordKeyCreated("key", "made", T1, IGNORED))) {
      assertThat(decide(deleting, command)).isEqualTo(reject(new OrganizationRejection.NotFound()));
    }
    assertThat(decide(deleting, new OrganizationCommand.Get(IGNORED))).isEqualTo(accept());
  }

  private static OrganizationState evolve(OrganizationState state, OrganizationEvent event) {
    return OrganizationLifecycle.evolve(state, event);
  }

  @Test
  void aProviderWithoutAKeyIsRejectedBeforeTheLimitIsChecked() {
    for (Tier tier : Tier.values()) {
      assertThat(decide(with(ACTIVE, tier), reserve("another", ModelProvider.ANTHROPIC)))
          .isEqualTo(
              reject(new OrganizationRejection.ProviderNotConfigured(ModelProvider.ANTHROPIC)));
    }
  }

  @Test
  void onlyCustomNeedsAnEndpointAndAllOthersNeedAKey() {
    Active bare =
        new Active(
            "acme",
            Tier.CRAB,
            ProviderKeys.NONE,
            Map.of(),
            HashTreePMap.empty(),
            Billing.NONE,
            Standing.ACTIVE,
            T0,
            T0,
            "");
    assertThat(bare.canUse(ModelProvider.CUSTOM)).isFalse();
    assertThat(withKeyed(bare, ModelProvider.CUSTOM).canUse(ModelProvider.CUSTOM)).isFalse();
    assertThat(withEndpoint(bare, ModelProvider.CUSTOM).canUse(ModelProvider.CUSTOM)).isTrue();
    for (ModelProvider provider :
        List.of(ModelProvider.ANTHROPIC, ModelProvider.OPENAI, ModelProvider.GEMINI)) {
      assertThat(withEndpoint(bare, provider).canUse(provider)).isFalse();
      assertThat(withKeyed(bare, provider).canUse(provider)).isTrue();
    }
    assertThat(Samples.view(ACTIVE).usable())
        .containsExactly(ModelProvider.OPENAI, ModelProvider.CUSTOM);
  }

  @Test
  void releasingASlotTwiceChangesNothing() {
    var release = new OrganizationCommand.ReleaseSlot(INSTANCE_ID, T1, IGNORED);
    var released = new OrganizationEvent.SlotReleased(INSTANCE_ID, T1);
    assertThat(decide(ACTIVE, release)).isEqualTo(accept(released));
    assertThat(decide(OrganizationLifecycle.evolve(ACTIVE, released), release)).isEqualTo(accept());
  }

  @Test
  void aLowerTierReleasesNoSlotAndGrantsNone() {
    Active two =
        (Active)
            OrganizationLifecycle.evolve(
                ACTIVE, new OrganizationEvent.SlotReserved("key", "another", T1));
    Active lowered =
        (Active) OrganizationLifecycle.evolve(two, new OrganizationEvent.TierSet(Tier.SHRIMP, T1));
    assertThat(lowered.slots()).hasSize(2);
    assertThat(decide(lowered, reserve("third", ModelProvider.OPENAI)))
        .isEqualTo(reject(new OrganizationRejection.LimitReached(2, 1)));
    assertThat(decide(lowered, new OrganizationCommand.SetTier(Tier.SHRIMP, T1, IGNORED)))
        .isEqualTo(accept());
  }

  @Test
  void anUpdateHasEventsForChangedSettingsOnly() {
    assertThat(
            decide(
                ACTIVE,
                update(
                    Optional.of("acme"),
                    Set.of(),
                    Set.of(ModelProvider.GEMINI),
                    Map.of(
                        ModelProvider.CUSTOM,
                        Samples.merge(ENDPOINT.baseUrl(), ENDPOINT.model()),
                        ModelProvider.OPENAI,
                        new EndpointChange.Remove()))))
        .isEqualTo(accept());
    assertThat(
            decide(
                ACTIVE,
                update(
                    Optional.of("new"),
                    Set.of(ModelProvider.ANTHROPIC),
                    Set.of(ModelProvider.OPENAI),
                    Map.of(
                        ModelProvider.CUSTOM,
                        new EndpointChange.Merge(
                            Optional.empty(), Optional.of("qwen"), Optional.of(""))))))
        .isEqualTo(
            accept(
                new OrganizationEvent.Renamed("key", "new", T1),
                new OrganizationEvent.ProviderKeyRemoved("key", ModelProvider.OPENAI, T1),
                new OrganizationEvent.ProviderKeySet("key", ModelProvider.ANTHROPIC, "v1", T1),
                new OrganizationEvent.EndpointSet(
                    "key",
                    ModelProvider.CUSTOM,
                    new ModelEndpoint(ENDPOINT.baseUrl(), "qwen", ""),
                    T1)));
  }

  @Test
  void aReplacedKeyHasAnEvent() {
    assertThat(
            decide(
                ACTIVE, update(Optional.empty(), Set.of(ModelProvider.OPENAI), Set.of(), Map.of())))
        .isEqualTo(
            accept(new OrganizationEvent.ProviderKeySet("key", ModelProvider.OPENAI, "v1", T1)));
  }

  @Test
  void aResentKeyDoesNotReplaceALaterOne() {
    Set<ModelProvider> openai = Set.of(ModelProvider.OPENAI);
    OrganizationState state = ACTIVE;
    for (String version : List.of("v1", "v2")) {
      state =
          apply(
              state, decide(state, update(version, Optional.empty(), openai, Set.of(), Map.of())));
    }
    assertThat(decide(state, update("v1", Optional.of("n"), openai, Set.of(), Map.of())))
        .isEqualTo(accept());
    assertThat(Samples.view(state).keys()).isEqualTo(Map.of(ModelProvider.OPENAI, "v2"));
  }

  @Test
  void anUpdateWithAnIncompleteEndpointChangesNothing() {
    assertThat(
            decide(
                ACTIVE,
                update(
                    Optional.of("new"),
                    Set.of(ModelProvider.ANTHROPIC),
                    Set.of(),
                    Map.of(ModelProvider.CUSTOM, Samples.merge(ENDPOINT.baseUrl(), "")))))
        .satisfies(rejectsField("model_endpoints.custom.model"));
    assertThat(
            decide(
                ACTIVE,
                update(
                    Optional.empty(),
                    Set.of(),
                    Set.of(),
                    Map.of(
                        ModelProvider.OPENAI,
                        new EndpointChange.Merge(
                            Optional.empty(), Optional.of("gpt"), Optional.empty())))))
        .satisfies(rejectsField("model_endpoints.openai.base_url"));
  }

  private static Consumer<Decision> rejectsField(String field) {
    return decision ->
        assertThat(decision)
            .isInstanceOfSatisfying(
                Decision.Reject.class,
                rejection ->
                    assertThat(rejection.why())
                        .isInstanceOfSatisfying(
                            OrganizationRejection.Invalid.class,
                            invalid -> assertThat(invalid.field()).isEqualTo(field)));
  }

  @Test
  void aStoredKeyIsSentOnlyToTheOriginThatItWasGivenFor() {
    Active own = withKeyed(ACTIVE, ModelProvider.OPENAI);
    assertThat(moved(own, "https://attacker.example/v1"))
        .satisfies(rejectsField("model_endpoints.openai.base_url"));
    Active proxied = withEndpoint(own, "https://proxy.example/v1");
    for (String other :
        List.of(
            "https://attacker.example/v1",
            "http://proxy.example/v1",
            "https://proxy.example:1/v1")) {
      assertThat(moved(proxied, other))
          .as(other)
          .satisfies(rejectsField("model_endpoints.openai.base_url"));
    }
    for (String same : List.of("https://PROXY.example:443/v2", "HTTPS://proxy.example")) {
      assertThat(moved(proxied, same)).as(same).isInstanceOf(Decision.Accept.class);
    }
    assertThat(change(proxied, Set.of(), Set.of(), new EndpointChange.Remove()))
        .satisfies(rejectsField("model_endpoints.openai"));
  }

  @Test
  void aNewOriginIsAcceptedWithANewKeyOrWithoutAKey() {
    Active proxied =
        withEndpoint(withKeyed(ACTIVE, ModelProvider.OPENAI), "https://proxy.example/v1");
    Set<ModelProvider> openai = Set.of(ModelProvider.OPENAI);
    for (EndpointChange change :
        List.of(Samples.merge("https://other.example", "m"), new EndpointChange.Remove())) {
      assertThat(change(proxied, openai, Set.of(), change)).isInstanceOf(Decision.Accept.class);
      assertThat(change(proxied, Set.of(), openai, change)).isInstanceOf(Decision.Accept.class);
    }
    Active keyless = withEndpoint(ACTIVE, ModelProvider.CUSTOM);
    assertThat(
            decide(
                keyless,
                update(
                    Optional.empty(),
                    Set.of(),
                    Set.of(),
                    Map.of(ModelProvider.CUSTOM, Samples.merge("https://other.example", "m")))))
        .isInstanceOf(Decision.Accept.class);
  }

  @Test
  void theNextEndpointOfCustomNeedsAKeyAfterTheEndpointWasRemoved() {
    Active custom = withEndpoint(withKeyed(ACTIVE, ModelProvider.CUSTOM), ModelProvider.CUSTOM);
    Map<ModelProvider, EndpointChange> removed =
        Map.of(ModelProvider.CUSTOM, new EndpointChange.Remove());
    Decision decision = decide(custom, update(Optional.empty(), Set.of(), Set.of(), removed));
    Active without = (Active) apply(custom, decision);
    assertThat(without.endpoints()).isEmpty();
    assertThat(
            decide(
                without,
                update(
                    Optional.empty(),
                    Set.of(),
                    Set.of(),
                    Map.of(ModelProvider.CUSTOM, Samples.merge("https://attacker.example", "m")))))
        .satisfies(rejectsField("model_endpoints.custom.base_url"));
  }

  private static Decision moved(Active state, String baseUrl) {
    return change(state, Set.of(), Set.of(), Samples.merge(baseUrl, "m"));
  }

  private static Decision change(
      Active state, Set<ModelProvider> set, Set<ModelProvider> removed, EndpointChange change) {
    return decide(
        state, update(Optional.empty(), set, removed, Map.of(ModelProvider.OPENAI, change)));
  }

  private static Active withEndpoint(Active a, String baseUrl) {
    return (Active)
        OrganizationLifecycle.evolve(
            a,
            new OrganizationEvent.EndpointSet(
                "key", ModelProvider.OPENAI, new ModelEndpoint(baseUrl, "m", ""), T1));
  }

  @Test
  void slotsDoNotChangeTheTimeOfTheLastUpdate() {
    Active later =
        (Active)
            OrganizationLifecycle.evolve(
                ACTIVE, new OrganizationEvent.SlotReserved("key", "x", T1.plusSeconds(1)));
    assertThat(later.updatedAt()).isEqualTo(ACTIVE.updatedAt());
    Active renamed =
        (Active)
            OrganizationLifecycle.evolve(
                ACTIVE, new OrganizationEvent.Renamed("key", "x", T1.plusSeconds(1)));
    assertThat(renamed.updatedAt()).isEqualTo(T1.plusSeconds(1));
    assertThat(renamed.createdAt()).isEqualTo(T0);
  }

  @Test
  void anImpossibleEventIsReportedAsACorruptJournal() {
    assertThatThrownBy(
            () ->
                OrganizationLifecycle.evolve(
                    new Absent(), new OrganizationEvent.SlotReleased("x", T0)))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(
            () ->
                OrganizationLifecycle.evolve(
                    ACTIVE, new OrganizationEvent.SignedUp("x", Tier.CRAB, "request", T0)))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theLimitHoldsForAnyOrderOfReservationsAndReleases() {
    Random random = new Random(20260101);
    for (int run = 0; run < 200; run++) {
      OrganizationState state = with(ACTIVE, Tier.CRAB);
      Set<String> model = new HashSet<>(Set.of(INSTANCE_ID));
      for (int step = 0; step < 100; step++) {
        String instance = "i" + random.nextInt(15);
        if (random.nextInt(3) > 0) {
          Decision decision = decide(state, reserve(instance, ModelProvider.OPENAI));
          assertThat(decision instanceof Decision.Accept)
              .isEqualTo(model.contains(instance) || model.size() < 10);
          if (decision instanceof Decision.Accept) model.add(instance);
          state = apply(state, decision);
        } else {
          Decision decision =
              decide(state, new OrganizationCommand.ReleaseSlot(instance, T1, IGNORED));
          model.remove(instance);
          state = apply(state, decision);
        }
        assertThat(((Active) state).slots().keySet()).isEqualTo(model);
      }
    }
  }

  private static OrganizationState apply(OrganizationState state, Decision decision) {
    OrganizationState next = state;
    if (decision instanceof Decision.Accept(var events)) {
      for (OrganizationEvent event : events) next = OrganizationLifecycle.evolve(next, event);
    }
    return next;
  }

  private static Decision decide(OrganizationState state, OrganizationCommand.Request command) {
    return OrganizationLifecycle.decide(state, command);
  }

  private static OrganizationCommand.SlotChange reserve(String instance, ModelProvider provider) {
    return new OrganizationCommand.ReserveSlot("key", instance, provider, T1, IGNORED);
  }

  private static OrganizationCommand.Request update(
      Optional<String> name,
      Set<ModelProvider> set,
      Set<ModelProvider> removed,
      Map<ModelProvider, EndpointChange> endpoints) {
    return update("v1", name, set, removed, endpoints);
  }

  private static OrganizationCommand.Request update(
      String version,
      Optional<String> name,
      Set<ModelProvider> set,
      Set<ModelProvider> removed,
      Map<ModelProvider, EndpointChange> endpoints) {
    var keys = new HashMap<ModelProvider, String>();
    for (var provider : set) keys.put(provider, version);
    return new OrganizationCommand.Update("key", name, keys, removed, endpoints, T1, IGNORED);
  }

  private static Active with(Active a, Tier tier) {
    return new Active(
        a.name(),
        tier,
        a.keys(),
        a.endpoints(),
        a.slots(),
        a.billing(),
        a.standing(),
        a.createdAt(),
        a.updatedAt(),
        a.signUpRequestId());
  }

  private static Active withKeyed(Active a, ModelProvider provider) {
    return new Active(
        a.name(),
        a.tier(),
        ProviderKeys.NONE.with(provider, "v0"),
        a.endpoints(),
        a.slots(),
        a.billing(),
        a.standing(),
        a.createdAt(),
        a.updatedAt(),
        a.signUpRequestId());
  }

  private static Active withEndpoint(Active a, ModelProvider provider) {
    return new Active(
        a.name(),
        a.tier(),
        a.keys(),
        Map.of(provider, ENDPOINT),
        a.slots(),
        a.billing(),
        a.standing(),
        a.createdAt(),
        a.updatedAt(),
        a.signUpRequestId());
  }
}
