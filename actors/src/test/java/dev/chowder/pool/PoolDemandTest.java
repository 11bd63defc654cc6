package dev.chowder.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.chowder.instance.ConfigValues;
import dev.chowder.instance.Homes;
import dev.chowder.instance.ModelChoice;
import dev.chowder.instance.Profile;
import dev.chowder.instance.TokenRotations;
import dev.chowder.pool.PoolDemand.Model;
import dev.chowder.pool.PoolDemand.Wanted;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PoolDemandTest {
  private static final String ORGANIZATION = "0190a000-0000-7000-8000-000000000001";
  private static final String NEIGHBOR = "0190a000-0000-7000-8000-000000000002";
  private static final Instant T0 = Instant.parse("2026-07-01T12:00:00Z");
  private static final Duration KEEP_FOR = Duration.ofHours(1);
  private static final Duration BOOT = Duration.ofSeconds(15);

  private final PoolDemand demand = new PoolDemand(KEEP_FOR);

  @Test
  void nothingIsWantedWithoutACreate() {
    assertThat(demand.wanted(T0, BOOT)).isEmpty();
  }

  @Test
  void oneMemberIsWantedForCreatesThatAreFurtherApartThanABoot() {
    for (int n = 0; n < 10; n++) demand.created(profile("one", T0.plusSeconds(16L * n)));
    assertThat(demand.wanted(T0.plusSeconds(160), BOOT))
        .extracting(Wanted::members)
        .containsExactly(1);
  }

  @Test
  void asManyMembersAreWantedAsWereCreatedWithinOneBoot() {
    for (int n = 0; n < 3; n++) demand.created(profile("one", T0.plusSeconds(5L * n)));
    // 20 s after the first: with the last two within 15 s, and without the first.
    demand.created(profile("one", T0.plusSeconds(20)));
    var now = T0.plusSeconds(30);
    assertThat(demand.wanted(now, BOOT)).extracting(Wanted::members).containsExactly(3);
    assertThat(demand.wanted(now, Duration.ofSeconds(20)))
        .extracting(Wanted::members)
        .containsExactly(4);
    assertThat(demand.wanted(now, Duration.ofSeconds(4)))
        .extracting(Wanted::members)
        .containsExactly(1);
  }

  /** Rows of creates are read in any order, and a claim is counted later than its time. */
  @Test
  void aBootThatWasMeasuredWithTwoClocksDoesNoHarm() {
    demand.created(profile("one", T0));
    demand.created(profile("one", T0.plusSeconds(1)));
    assertThat(demand.wanted(T0.plusSeconds(2), Duration.ofSeconds(-5)))
        .extracting(Wanted::members)
        .containsExactly(1);
  }

  @Test
  void theOrderOfCountingDoesNotMatter() {
    for (int seconds : new int[] {40, 0, 42, 41, 20}) {
      demand.created(profile("one", T0.plusSeconds(seconds)));
    }
    var wanted = demand.wanted(T0.plusSeconds(50), BOOT);
    assertThat(wanted).extracting(Wanted::members).containsExactly(3);
    assertThat(wanted.getFirst().like().createdAt()).isEqualTo(T0.plusSeconds(42));
  }

  @Test
  void aBurstIsForgottenAfterItsTimeAndTheModelAfterItsLastCreate() {
    for (int n = 0; n < 3; n++) demand.created(profile("one", T0));
    demand.created(profile("one", T0.plusSeconds(600)));
    assertThat(demand.wanted(T0.plus(KEEP_FOR), BOOT))
        .extracting(Wanted::members)
        .containsExactly(3);
    assertThat(demand.wanted(T0.plus(KEEP_FOR).plusMillis(1), BOOT))
        .extracting(Wanted::members)
        .containsExactly(1);
    assertThat(demand.wanted(T0.plus(KEEP_FOR).plusSeconds(601), BOOT)).isEmpty();
  }

  @Test
  void createsBeforeTheClockWasSetBackAreForgotten() {
    demand.created(profile("one", T0.plus(Duration.ofDays(1))));
    assertThat(demand.wanted(T0, BOOT)).isEmpty();
  }

  @Test
  void modelsAndOrganizationsAreCountedSeparatelyTheLastUsedFirst() {
    demand.created(profile("one", T0.plusSeconds(3)));
    demand.created(profile("other", T0.plusSeconds(1)));
    demand.created(profile("one", T0));
    demand.created(profile(NEIGHBOR, "one", T0.plusSeconds(2)));
    var wanted = demand.wanted(T0.plusSeconds(4), BOOT);
    assertThat(wanted)
        .extracting(Wanted::model)
        .containsExactly(
            new Model(ORGANIZATION, "custom", "one", "small"),
            new Model(NEIGHBOR, "custom", "one", "small"),
            new Model(ORGANIZATION, "custom", "other", "small"));
    assertThat(wanted).extracting(Wanted::members).containsExactly(2, 1, 1);
  }

  @Test
  void sandboxImagesAreCountedSeparately() {
    demand.created(profile("one", T0));
    demand.created(profile(ORGANIZATION, choice("one", "http://localhost:1/v1"), "tools", T0));
    assertThat(demand.wanted(T0, BOOT))
        .extracting(one -> one.model().sandboxImage(), Wanted::members)
        .containsExactlyInAnyOrder(tuple("small", 1), tuple("tools", 1));
  }

  /** A changed endpoint serves the same creates, so it needs the same number of members. */
  @Test
  void theEndpointDoesNotDistinguishModels() {
    demand.created(profile("one", T0));
    demand.created(
        profile(ORGANIZATION, choice("one", "http://localhost:2/v1"), "small", T0.plusSeconds(1)));
    assertThat(demand.wanted(T0.plusSeconds(2), BOOT))
        .extracting(Wanted::members)
        .containsExactly(2);
  }

  @Test
  void aLongBurstIsCountedUpToALimit() {
    for (int n = 0; n < 150; n++) demand.created(profile("one", T0.plusMillis(n)));
    assertThat(demand.wanted(T0.plusSeconds(1), BOOT))
        .extracting(Wanted::members)
        .containsExactly(100);
  }

  private static Profile profile(String model, Instant createdAt) {
    return profile(ORGANIZATION, model, createdAt);
  }

  static Profile profile(String organizationId, String model, Instant createdAt) {
    return profile(organizationId, choice(model, "http://localhost:1/v1"), "small", createdAt);
  }

  private static ModelChoice choice(String model, String endpoint) {
    return new ModelChoice("custom", model, endpoint, "openai-completions");
  }

  private static Profile profile(
      String organizationId, ModelChoice model, String sandboxImage, Instant createdAt) {
    return new Profile(
        organizationId,
        "agent",
        model,
        "sandbox",
        sandboxImage,
        "v1",
        "local",
        Map.of(),
        0,
        0,
        TokenRotations.NONE,
        ConfigValues.NONE,
        Homes.FIRST,
        Optional.empty(),
        createdAt,
        createdAt,
        createdAt,
        "request");
  }
}
