package dev.chowder.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.PoolSetup;
import dev.chowder.pool.PoolDemand.Model;
import dev.chowder.pool.PoolKeeper.Offer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PoolCandidatesTest {
  private static final Instant T0 = Instant.parse("2026-07-01T12:00:00Z");
  private static final int ALLOWED = 2;

  /** The free slots of the organizations that reply. */
  private final Map<String, Integer> freeSlots = new HashMap<>();

  private final List<String> asked = new ArrayList<>();
  private final Set<Model> served = new HashSet<>();

  /** The organizations that stopped creating. */
  private final Set<String> idle = new HashSet<>();

  /** The names of models that no organization can create. */
  private final Set<String> unavailable = new HashSet<>();

  private final PoolDemand demand = new PoolDemand(Duration.ofHours(1));
  private int creates;

  private final PoolCandidates candidates =
      new PoolCandidates(
          (organization, provider, model, _) -> {
            asked.add(organization);
            if (unavailable.contains(model)) return Optional.empty();
            return Optional.of(
                new Offer(
                    new PoolSetup(new ModelChoice(provider, model, "", ""), "1", "image"),
                    Optional.ofNullable(freeSlots.get(organization)).orElseThrow()));
          },
          organization -> !idle.contains(organization),
          4);

  /** Adds a model that is wanted, after all others. */
  private Model want(String organization, String model) {
    var profile = PoolDemandTest.profile(organization, model, T0.minusSeconds(creates++));
    demand.created(profile);
    return Model.of(profile);
  }

  /** Returns the organizations of the models that could get a member. */
  private List<String> find() {
    asked.clear();
    return candidates
        .find(
            demand.wanted(T0, Duration.ZERO),
            ALLOWED,
            served::contains,
            model -> served.contains(model) ? 1 : 0)
        .stream()
        .map(one -> one.wanted().model().organizationId())
        .toList();
  }

  private void wantByOrganizationsAtTheirLimit() {
    for (int n = 0; n < 100; n++) {
      freeSlots.put("full-" + n, 0);
      var _ = want("full-" + n, "model");
    }
  }

  @Test
  void organizationsAtTheirLimitAreAskedInTurns() {
    wantByOrganizationsAtTheirLimit();
    var all = new HashSet<String>();
    for (int check = 0; check < 13; check++) {
      assertThat(find()).isEmpty();
      assertThat(asked).hasSize(4 * ALLOWED).doesNotHaveDuplicates();
      all.addAll(asked);
    }
    assertThat(all).hasSize(100);
    freeSlots.put("full-50", 1);
    var found = new ArrayList<String>();
    for (int check = 0; check < 13; check++) found.addAll(find());
    assertThat(found).contains("full-50");
  }

  @Test
  void aSecondModelIsAskedAboutAlthoughManyOrganizationsAreAtTheirLimit() {
    freeSlots.put("first", 5);
    served.add(want("first", "one"));
    wantByOrganizationsAtTheirLimit();
    var _ = want("first", "other");
    for (int check = 0; check < 13; check++) assertThat(find()).startsWith("first");
    for (int check = 0; check < 13; check++) assertThat(find()).containsExactly("first", "first");
  }

  @Test
  void anOrganizationWithANewFreeSlotComesBeforeASecondModel() {
    freeSlots.put("many", 5);
    var _ = want("many", "one");
    var _ = want("many", "other");
    freeSlots.put("full", 0);
    var _ = want("full", "model");
    assertThat(find()).containsExactly("many", "many");
    freeSlots.put("full", 1);
    assertThat(find()).containsExactly("many", "full");
  }

  @Test
  void anOrganizationKeepsItsTurnIfOnlyOneOfItsModelsIsUnavailable() {
    freeSlots.put("first", 5);
    served.add(want("first", "one"));
    unavailable.add("gone");
    var _ = want("first", "gone");
    wantByOrganizationsAtTheirLimit();
    for (int check = 0; check < 20; check++) assertThat(find()).containsExactly("first");
    assertThat(asked.stream().filter("first"::equals)).hasSize(2);
    freeSlots.put("neighbor", 5);
    var _ = want("neighbor", "one");
    var _ = want("neighbor", "other");
    assertThat(find()).containsExactly("first", "neighbor");
  }

  @Test
  void membersStayWhileOtherOrganizationsAreAtTheirLimit() {
    freeSlots.put("first", 5);
    served.add(want("first", "one"));
    served.add(want("first", "other"));
    wantByOrganizationsAtTheirLimit();
    assertThat(find()).containsExactly("first", "first");
  }

  @Test
  void noMoreModelsOfAnOrganizationAreAskedAboutThanCanGetMembers() {
    freeSlots.put("full", 0);
    freeSlots.put("one-slot", 1);
    for (int n = 0; n < 20; n++) {
      var _ = want("full", "model-" + n);
      var _ = want("one-slot", "model-" + n);
    }
    assertThat(find()).containsExactly("one-slot");
    assertThat(asked).containsExactly("full", "one-slot");
  }

  @Test
  void anOrganizationThatDoesNotReplyIsAskedOnceAndKeepsItsMembers() {
    served.add(want("silent", "one"));
    served.add(want("silent", "other"));
    assertThat(find()).containsExactly("silent", "silent");
    assertThat(asked).containsExactly("silent");
    freeSlots.put("neighbor", 1);
    var _ = want("neighbor", "model");
    assertThat(find()).containsExactly("silent", "neighbor");
  }

  @Test
  void anOrganizationThatDoesNotReplyTakesNoPlaceWithoutMembers() {
    freeSlots.put("first", 5);
    served.add(want("first", "one"));
    served.add(want("first", "other"));
    var _ = want("silent", "model");
    assertThat(find()).containsExactly("first", "first");
    assertThat(asked).contains("silent");
  }

  @Test
  void furtherModelsOfAnOrganizationThatDoesNotReplyDoNotCountAsAskedAbout() {
    for (int n = 0; n < 2 * ALLOWED + 1; n++) {
      var _ = want("silent-" + n, "one");
      var _ = want("silent-" + n, "other");
    }
    freeSlots.put("first", 5);
    served.add(want("first", "one"));
    var _ = want("first", "other");
    assertThat(find()).containsExactly("first", "first");
  }

  @Test
  void membersOfAnOrganizationThatStoppedCreatingGiveWayToOneThatCreates() {
    for (var organization : List.of("idle", "first", "second")) freeSlots.put(organization, 5);
    served.add(want("idle", "model"));
    served.add(want("first", "model"));
    var second = want("second", "model");
    assertThat(find()).containsExactly("idle", "first");
    idle.add("idle");
    assertThat(find()).containsExactly("first", "second");
    // Members of one that creates again do not displace those of others.
    served.removeIf(model -> model.organizationId().equals("idle"));
    served.add(second);
    idle.clear();
    assertThat(find()).containsExactly("first", "second");
    idle.add("first");
    idle.add("second");
    assertThat(find()).as("only the first creates").startsWith("idle");
  }

  @Test
  void theFirstModelOfEachOrganizationComesBeforeASecondOne() {
    freeSlots.put("many", 5);
    served.add(want("many", "one"));
    served.add(want("many", "other"));
    freeSlots.put("neighbor", 5);
    var _ = want("neighbor", "model");
    assertThat(find()).containsExactly("many", "neighbor");
  }
}
