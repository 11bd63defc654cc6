package dev.chowder.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.typesafe.config.ConfigFactory;
import dev.chowder.key.ApiKeys.KeyEnd;
import dev.chowder.key.ApiKeys.Rotation;
import dev.chowder.secret.Secret;
import dev.chowder.settings.SettingsBinder;
import dev.chowder.storage.Database;
import dev.chowder.storage.OrganizationRow;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.TestStorage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests creation, authentication and revocation of keys. The subclass chooses the database. */
abstract class ApiKeysContract {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final Duration CACHE_TIME = Duration.ofMillis(500);
  private static final int MAX = 3;
  private static final KeySettings SETTINGS = new KeySettings(CACHE_TIME, 100, MAX);
  private static final KeyScope SCOPE =
      new KeyScope(
          Set.of("i", "j"), Set.of(Permission.READ, Permission.FILES), Optional.of("user-7."));

  @TempDir Path home;
  private TestStorage storage;
  Database database;

  /** Returns an empty storage. */
  abstract TestStorage storage(Path home);

  private ApiKeys keys;
  private ApiKeys otherNode;
  private ScopedKeys scoped;
  private final AtomicLong nanos = new AtomicLong();

  @BeforeEach
  void open() {
    storage = storage(home);
    database = storage.open();
    keys = node();
    otherNode = node();
    // More precise than any database stores it.
    var now = NOW.plusNanos(789);
    scoped = new ScopedKeys(database, keys, SETTINGS, InstantSource.fixed(now));
  }

  @AfterEach
  void close() {
    database.close();
    storage.close();
  }

  @Test
  void anIssuedKeyIsAcceptedAtOnceOnEveryNode() {
    IssuedKey issued = keys.issueOrganizationKey("o");
    assertThat(issued.value().reveal()).matches("chd_org_[A-Za-z0-9_-]{43}");
    KeyHolder holder = new KeyHolder("o", issued.keyId(), Optional.empty(), false);
    assertThat(keys.authenticate(issued.value())).contains(holder);
    assertThat(otherNode.authenticate(issued.value())).contains(holder);
  }

  @Test
  void revokingAllKeysOfAnOrganizationIncludesScopedKeys() {
    var first = keys.issueOrganizationKey("o");
    var second = keys.issueOrganizationKey("o");
    var other = keys.issueOrganizationKey("other");
    var made =
        (ScopedKeys.Issue.Created)
            scoped.issue("o", first.keyId(), "scoped-id", "n", SCOPE, Optional.empty());
    assertThat(otherNode.authenticate(made.value())).isPresent();
    assertThat(keys.revokeAll("o"))
        .containsExactlyInAnyOrder(first.keyId(), second.keyId(), "scoped-id");
    assertThat(keys.revokeAll("o")).as("again").isEmpty();
    assertThat(keys.unrecorded(List.of("scoped-id")))
        .containsExactly(new ApiKeys.Revocation("o", "scoped-id", "", NOW));
    for (var value : List.of(first.value(), second.value(), made.value())) {
      assertThat(keys.authenticate(value)).isEmpty();
    }
    nanos.addAndGet(CACHE_TIME.toNanos());
    assertThat(otherNode.authenticate(made.value())).isEmpty();
    assertThat(keys.authenticate(other.value())).isPresent();
  }

  @Test
  void theHolderOfAKeyShowsWhetherTheOrganizationIsSuspended() {
    var organizations = new OrganizationRows(database);
    var issued = keys.issueOrganizationKey("o");
    assertThat(keys.authenticate(issued.value()).orElseThrow().suspended())
        .as("the organization's row is missing")
        .isFalse();
    int revision = 0;
    for (var standing : List.of("active", "suspended", "active", "deleting", "deleted")) {
      organizations.upsert(
          new OrganizationRow("o", ++revision, "n", "crab", standing, 0, ByteString.EMPTY));
      nanos.addAndGet(CACHE_TIME.toNanos());
      var suspended = keys.authenticate(issued.value()).map(KeyHolder::suspended);
      var ended = Optional.ofNullable(keys.ended(List.of(issued.keyId())).get(issued.keyId()));
      switch (standing) {
        case "active" -> {
          assertThat(suspended).contains(false);
          assertThat(ended).isEmpty();
        }
        case "suspended" -> {
          assertThat(suspended).contains(true);
          assertThat(ended).contains(KeyEnd.SUSPENDED);
        }
        default -> {
          assertThat(suspended).as("a key of an organization that is " + standing).isEmpty();
          assertThat(ended).contains(KeyEnd.INVALID);
        }
      }
    }
  }

  @Test
  void twoKeysOfOneOrganizationDifferAndAreBothAccepted() {
    IssuedKey first = keys.issueOrganizationKey("o");
    IssuedKey second = keys.issueOrganizationKey("o");
    assertThat(first.value()).isNotEqualTo(second.value());
    assertThat(keys.authenticate(first.value())).isPresent();
    assertThat(keys.authenticate(second.value())).isPresent();
    assertThat(keys.organizationKeys("o")).containsExactly(first.keyId(), second.keyId());
    assertThat(keys.organizationKeys("another")).isEmpty();
  }

  @Test
  void unknownAndMalformedKeysAreRejected() {
    String real = keys.issueOrganizationKey("o").value().reveal();
    for (String text :
        new String[] {
          "",
          "chd_org_",
          real + "A",
          real.substring(0, real.length() - 1),
          real.substring(0, real.length() - 1) + (real.endsWith("A") ? "B" : "A"),
          real.toUpperCase(java.util.Locale.ROOT),
          " " + real,
          real + "\n",
          "chd_sk_" + real.substring(8),
          "chd_org_" + "é".repeat(43),
          "chd_org_' OR 1=1 --" + "A".repeat(32)
        }) {
      assertThat(keys.authenticate(Secret.of(text))).as(text).isEqualTo(Optional.empty());
    }
  }

  @Test
  void theDatabaseStoresOnlyTheHashAndAShortPrefix() {
    IssuedKey issued = keys.issueOrganizationKey("o");
    String row =
        database
            .jdbi()
            .withHandle(
                handle -> handle.createQuery("SELECT * FROM api_keys").mapToMap().one().toString());
    assertThat(row).contains(issued.value().reveal().substring(0, 12));
    assertThat(row).doesNotContain(issued.value().reveal().substring(12));
    assertThat(issued.toString()).doesNotContain(issued.value().reveal());
    byte[] hash =
        database
            .jdbi()
            .withHandle(
                handle ->
                    handle.createQuery("SELECT hash FROM api_keys").mapTo(byte[].class).one());
    assertThat(hash).hasSize(32);
    assertThat(new String(hash, StandardCharsets.ISO_8859_1)).doesNotContain("chd");
  }

  @Test
  void aRevocationIsEffectiveAtOnceHereAndWithinASecondOnOtherNodes() {
    IssuedKey issued = keys.issueOrganizationKey("o");
    assertThat(keys.authenticate(issued.value())).isPresent();
    assertThat(otherNode.authenticate(issued.value())).isPresent();
    assertThat(keys.revoke("o", issued.keyId(), "by")).isTrue();
    assertThat(keys.authenticate(issued.value())).isEmpty();
    assertThat(otherNode.authenticate(issued.value())).as("still cached").isPresent();
    nanos.addAndGet(CACHE_TIME.toNanos() + 1);
    assertThat(otherNode.authenticate(issued.value())).isEmpty();
    assertThat(keys.organizationKeys("o")).isEmpty();
  }

  @Test
  void aRevocationIsUnrecordedUntilTheJournalContainsIt() {
    var first = keys.issueOrganizationKey("o").keyId();
    var second = keys.issueOrganizationKey("p").keyId();
    keys.revoke("o", first, second);
    keys.revoke("o", first, "again, by another");
    var revocation = new ApiKeys.Revocation("o", first, second, NOW);
    assertThat(otherNode.unrecorded(List.of(first, second))).containsExactly(revocation);
    keys.revokeAll("p");
    var later = NOW.plusMillis(1);
    assertThat(otherNode.unrecorded(NOW, 10, Optional.empty())).as("too new").isEmpty();
    assertThat(otherNode.unrecorded(later, 10, Optional.empty()))
        .containsExactly(revocation, new ApiKeys.Revocation("p", second, "", NOW));
    assertThat(otherNode.unrecorded(later, 1, Optional.empty())).containsExactly(revocation);
    assertThat(otherNode.unrecorded(later, 10, Optional.of(first)))
        .extracting(ApiKeys.Revocation::keyId)
        .containsExactly(second);
    keys.recorded(first);
    keys.revoke("o", first, "");
    assertThat(otherNode.unrecorded(List.of(first))).as("recorded").isEmpty();
  }

  @Test
  void anotherOrganizationsKeyCannotBeRevoked() {
    IssuedKey issued = keys.issueOrganizationKey("o");
    assertThat(keys.revoke("p", issued.keyId(), "by")).isFalse();
    assertThat(keys.revoke("o", "nothing", "by")).isFalse();
    assertThat(keys.authenticate(issued.value())).isPresent();
  }

  @Test
  void aKeyThatExpiredIsRejected() {
    IssuedKey issued = keys.issueOrganizationKey("o");
    database
        .jdbi()
        .useHandle(
            handle ->
                handle.execute(
                    "UPDATE api_keys SET expires_at = TIMESTAMP '2025-12-31 23:59:59+00'"));
    assertThat(keys.authenticate(issued.value())).isEmpty();
  }

  @Test
  void endedKeysAreTheSameOnEveryNodeAndNotCached() {
    var good = keys.issueOrganizationKey("o").keyId();
    var revoked = keys.issueOrganizationKey("o").keyId();
    var ends = keys.issueOrganizationKey("o").keyId();
    var all = List.of(good, revoked, ends, "never-issued");
    assertThat(otherNode.ended(all)).containsOnlyKeys("never-issued");
    keys.revoke("o", revoked, "by");
    assertThat(keys.rotate("o", "next", ends, NOW)).isInstanceOf(Rotation.Created.class);
    assertThat(otherNode.ended(all)).containsOnlyKeys(revoked, ends, "never-issued");
    assertThat(otherNode.ended(all)).containsEntry(revoked, KeyEnd.INVALID);
    assertThat(otherNode.ended(List.of())).isEmpty();
    var many = Stream.iterate(0, n -> n + 1).limit(1200).map(n -> "never-" + n).toList();
    assertThat(otherNode.ended(Stream.concat(many.stream(), all.stream()).toList()))
        .hasSize(1203)
        .doesNotContainKey(good);
  }

  @Test
  void aRotatedKeyIsAcceptedUntilItsGracePeriodEndsAndTheNewKeyIsCreatedOnce() {
    var previous = keys.issueOrganizationKey("o");
    var ends = NOW.plusSeconds(60);
    var next = ((Rotation.Created) keys.rotate("o", "next", previous.keyId(), ends)).key();
    assertThat(next.keyId()).isEqualTo("next");
    assertThat(keys.authenticate(next.value())).isPresent();
    assertThat(keys.authenticate(previous.value())).isPresent();
    assertThat(keys.rotate("o", "next", previous.keyId(), NOW)).isEqualTo(new Rotation.Repeated());
    assertThat(otherNode.authenticate(previous.value()))
        .as("a key whose expiry did not change")
        .isPresent();
    assertThat(keys.rotate("o", "third", previous.keyId(), ends.plusSeconds(60)))
        .isInstanceOf(Rotation.Created.class);
    var later = nodeAt(ends);
    assertThat(later.authenticate(previous.value())).isEmpty();
    assertThat(later.authenticate(next.value())).isPresent();
    assertThat(later.rotate("o", "fourth", previous.keyId(), ends.plusSeconds(60)))
        .as("by the key whose grace period has ended")
        .isEqualTo(new Rotation.CallerEnded());
  }

  @Test
  void aRevokedKeyCannotCreateKeysOnANodeThatStillCachesIt() {
    var stolen = keys.issueOrganizationKey("o");
    assertThat(otherNode.authenticate(stolen.value())).isPresent();
    keys.revokeAll("o");
    assertThat(otherNode.authenticate(stolen.value())).as("from its cache").isPresent();
    assertThat(otherNode.rotate("o", "rotated", stolen.keyId(), NOW.plusSeconds(60)))
        .isEqualTo(new Rotation.CallerEnded());
    assertThat(scoped.issue("o", stolen.keyId(), "issued", "n", SCOPE, Optional.empty()))
        .isEqualTo(new ScopedKeys.Issue.CallerEnded());
    assertThat(keys.ended(List.of("rotated", "issued"))).containsOnlyKeys("rotated", "issued");
  }

  @Test
  void revokingAllKeysIncludesKeysThatAreCreatedMeanwhile() throws Exception {
    for (int round = 0; round < 20; round++) {
      var organization = "o" + round;
      var first = keys.issueOrganizationKey(organization).keyId();
      var made = new CountDownLatch(3);
      try (var thief = Executors.newSingleThreadExecutor()) {
        var last = thief.submit(() -> rotateUntilRejected(organization, first, made));
        assertThat(made.await(30, TimeUnit.SECONDS)).isTrue();
        var revoked = keys.revokeAll(organization);
        assertThat(revoked).contains(last.get(30, TimeUnit.SECONDS));
      }
      assertThat(keys.organizationKeys(organization)).isEmpty();
    }
  }

  /** Returns the id of the last created key. */
  private String rotateUntilRejected(String organization, String first, CountDownLatch made) {
    var caller = first;
    for (int n = 0; n < 10_000; n++) {
      var next = organization + "-" + n;
      var rotation = otherNode.rotate(organization, next, caller, NOW.plusSeconds(60));
      if (rotation instanceof Rotation.CallerEnded) return caller;
      caller = next;
      made.countDown();
    }
    throw new AssertionError("rotate was never rejected");
  }

  @Test
  void aScopedKeyIsAcceptedWithItsScopeOnEveryNodeUntilItIsRevokedOrExpires() {
    var made = make("o", "1", Optional.of(NOW.plusSeconds(60)));
    assertThat(made.value().reveal()).matches("chd_sk_[A-Za-z0-9_-]{43}");
    assertThat(made.key().prefix()).isEqualTo(made.value().reveal().substring(0, 11));
    var holder = new KeyHolder("o", made.key().id(), Optional.of(SCOPE), false);
    assertThat(otherNode.authenticate(made.value())).contains(holder);
    assertThat(nodeAt(NOW.plusSeconds(60)).authenticate(made.value())).isEmpty();
    assertThat(scoped.revoke("p", made.key().id(), "by")).isFalse();
    assertThat(keys.authenticate(made.value())).contains(holder);
    assertThat(scoped.revoke("o", made.key().id(), "by")).isTrue();
    assertThat(keys.authenticate(made.value())).isEmpty();
    assertThat(scoped.revoke("o", made.key().id(), "by")).as("again").isTrue();
  }

  @Test
  void onlyItsOrganizationFindsAScopedKeyAndNeverItsValue() {
    var made = make("o", "1", Optional.empty());
    assertThat(scoped.get("o", made.key().id())).contains(made.key());
    assertThat(scoped.get("p", made.key().id())).isEmpty();
    assertThat(scoped.get("o", "nothing")).isEmpty();
    var organizations = keys.issueOrganizationKey("o");
    assertThat(scoped.get("o", organizations.keyId())).isEmpty();
    assertThat(scoped.revoke("o", organizations.keyId(), "by")).isFalse();
    assertThat(keys.authenticate(organizations.value())).isPresent();
    assertThat(keys.organizationKeys("o"))
        .contains(organizations.keyId())
        .doesNotContain(made.key().id());
    assertThat(make("o", "2", Optional.empty()).toString())
        .doesNotContain(made.value().reveal().substring(11));
  }

  @Test
  void aKeyWithAnExistingIdIsNotCreatedAgain() {
    make("o", "1", Optional.empty());
    assertThat(issue("o", "1", Optional.empty())).isEqualTo(new ScopedKeys.Issue.Repeated());
    assertThat(scoped.list("o", 10, Optional.empty())).hasSize(1);
  }

  @Test
  void keysAreListedNewestFirstPageByPage() {
    for (int n = 1; n <= MAX; n++) make("o", "" + n, Optional.empty());
    make("p", "9", Optional.empty());
    assertThat(ids(scoped.list("o", 2, Optional.empty()))).containsExactly("3", "2");
    assertThat(ids(scoped.list("o", 2, Optional.of("2")))).containsExactly("1");
  }

  @Test
  void activeKeysAreLimitedAndAsManyInactiveKeysStayListed() {
    for (int n = 1; n <= MAX; n++) make("o", "" + n, Optional.empty());
    assertThat(issue("o", "x", Optional.empty())).isEqualTo(new ScopedKeys.Issue.Full(MAX));
    assertThat(issue("p", "other", Optional.empty())).isInstanceOf(ScopedKeys.Issue.Created.class);
    for (int n = 4; n <= 8; n++) {
      scoped.revoke("o", "" + (n - 3), "by");
      keys.recorded("" + (n - 3));
      make("o", "" + n, Optional.empty());
    }
    // 6, 7 and 8 are active. Keys 1 to 5 are inactive, and the newest of them are kept.
    assertThat(ids(scoped.list("o", 10, Optional.empty())))
        .containsExactly("8", "7", "6", "5", "4", "3");
    assertThat(scoped.list("o", 10, Optional.empty()).stream().map(ScopedKey::active))
        .containsExactly(true, true, true, false, false, false);
    assertThat(scoped.get("p", "other")).isPresent();
  }

  @Test
  void theLastUseIsRecordedOnceAMinute() {
    var made = make("o", "1", Optional.empty());
    assertThat(lastUse("1")).isEmpty();
    nodeAt(NOW).authenticate(made.value());
    assertThat(lastUse("1")).contains(NOW);
    nodeAt(NOW.plusSeconds(59)).authenticate(made.value());
    assertThat(lastUse("1")).contains(NOW);
    nodeAt(NOW.plusSeconds(61)).authenticate(made.value());
    assertThat(lastUse("1")).contains(NOW.plusSeconds(61));
  }

  private Optional<Instant> lastUse(String id) {
    return scoped.get("o", id).orElseThrow().lastUsedAt();
  }

  private static List<String> ids(List<ScopedKey> keys) {
    return keys.stream().map(ScopedKey::id).toList();
  }

  private ScopedKeys.Issue.Created make(String organization, String id, Optional<Instant> expires) {
    return (ScopedKeys.Issue.Created) issue(organization, id, expires);
  }

  private ScopedKeys.Issue issue(String organization, String id, Optional<Instant> expires) {
    var caller = keys.issueOrganizationKey(organization).keyId();
    return scoped.issue(organization, caller, id, "front end", SCOPE, expires);
  }

  @Test
  void aCacheTimeLongerThanTheLimitOfARevocationIsRejected() {
    var config = ConfigFactory.parseString("chowder.key.cache-max-age = 1001ms");
    assertThatThrownBy(
            () -> SettingsBinder.bind(config.withFallback(storage.config()), KeySettings.class))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("chowder.key.cache-max-age: ");
    assertThat(SettingsBinder.bind(storage.config(), KeySettings.class).cacheMaxAge())
        .isLessThanOrEqualTo(Duration.ofSeconds(1));
  }

  private ApiKeys node() {
    return nodeAt(NOW);
  }

  private ApiKeys nodeAt(Instant now) {
    return new ApiKeys(database, SETTINGS, InstantSource.fixed(now), nanos::get);
  }
}
