package dev.chowder.server.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Await;
import dev.chowder.base.Failpoints;
import dev.chowder.base.Ids;
import dev.chowder.server.TestDatabase;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.idempotency.Claims.Decision;
import dev.chowder.storage.Database;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.IdempotencyRows.CallKey;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two nodes with one database. */
@SuppressWarnings("NullAway.Init")
class ClaimsTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final ByteString BODY = ByteString.copyFromUtf8("a digest");
  private static final Answer ANSWER = new Answer.Message(ByteString.copyFromUtf8("an answer"));
  private static final CallKey CALL = new CallKey("organization", "service/Method", "key");

  /** No cleanup pass runs during a test, and a duplicate times out soon. */
  private static final IdempotencySettings SETTINGS =
      new IdempotencySettings(
          Duration.ofHours(24),
          Duration.ofMinutes(1),
          Duration.ofMillis(300),
          Duration.ofMillis(10),
          Duration.ofHours(1),
          2);

  private final AtomicReference<Instant> time = new AtomicReference<>(NOW);
  private final List<Claims> nodes = new ArrayList<>();
  private Database database;
  private IdempotencyRows rows;
  private Claims here;
  private Claims there;

  @BeforeEach
  void open(@TempDir Path home) {
    database = TestDatabase.open(home);
    rows = new IdempotencyRows(database);
    here = node(SETTINGS);
    there = node(SETTINGS);
  }

  private Claims node(IdempotencySettings settings) {
    var node = new Claims(rows, settings, time::get, Failpoints.NONE);
    nodes.add(node);
    return node;
  }

  @AfterEach
  void close() {
    nodes.forEach(Claims::close);
    database.close();
  }

  @Test
  void theFirstResponseIsRepeatedOnEveryNode() {
    make(here).answered(ANSWER);
    assertThat(here.take(CALL, BODY)).isEqualTo(new Decision.Replay(ANSWER));
    assertThat(there.take(CALL, BODY)).isEqualTo(new Decision.Replay(ANSWER));
  }

  @Test
  void anErrorIsStoredCompletely() {
    var refusal =
        ApiError.wrongState("status: must be running; got error", Map.of("status", "error"));
    make(here).answered(new Answer.Refusal(refusal));
    assertThat(there.take(CALL, BODY))
        .isInstanceOfSatisfying(
            Decision.Replay.class,
            given ->
                assertThat(((Answer.Refusal) given.answer()).why().toJson())
                    .isEqualTo(refusal.toJson()));
    var invalid = new CallKey("organization", "service/Method", "another");
    ((Decision.Perform) here.take(invalid, BODY))
        .claim()
        .answered(new Answer.Refusal(ApiError.invalid("name", "must not be empty")));
    assertThat(there.take(invalid, BODY))
        .isInstanceOfSatisfying(
            Decision.Replay.class,
            given ->
                assertThat(((Answer.Refusal) given.answer()).why().toJson())
                    .isEqualTo(ApiError.invalid("name", "must not be empty").toJson()));
  }

  @Test
  void aResponseThatIsShownOnceIsNotStoredButItsIdIs() {
    var claim = make(here);
    claim.answered(new Answer.Done(claim.resourceId()));
    assertThat(there.take(CALL, BODY))
        .isEqualTo(new Decision.Replay(new Answer.Done(claim.resourceId())));
    assertThat(rows.get(CALL, NOW).orElseThrow().answer().orElseThrow().bytes()).isEmpty();
  }

  @Test
  void anotherRequestWithTheKeyIsRejectedDuringAndAfterTheFirst() {
    var other = ByteString.copyFromUtf8("another digest");
    var claim = make(here);
    isRejected(() -> here.take(CALL, other), Reason.IDEMPOTENCY_KEY_REUSED);
    isRejected(() -> there.take(CALL, other), Reason.IDEMPOTENCY_KEY_REUSED);
    claim.answered(ANSWER);
    isRejected(() -> here.take(CALL, other), Reason.IDEMPOTENCY_KEY_REUSED);
  }

  @Test
  void keysOfOrganizationsAndRpcsAreSeparate() {
    make(here).answered(ANSWER);
    assertThat(here.take(new CallKey("another", CALL.rpc(), CALL.key()), BODY))
        .isInstanceOf(Decision.Perform.class);
    assertThat(here.take(new CallKey(CALL.organizationId(), "service/Other", CALL.key()), BODY))
        .isInstanceOf(Decision.Perform.class);
  }

  private Claims nodeWithLongTimeout() {
    return node(
        new IdempotencySettings(
            SETTINGS.retention(),
            SETTINGS.leaseTimeout(),
            Duration.ofSeconds(60),
            SETTINGS.pollInterval(),
            SETTINGS.cleanupInterval(),
            SETTINGS.maxBatchSize()));
  }

  @Test
  void duplicatesWaitForTheResponseOnBothNodes() throws Exception {
    var one = nodeWithLongTimeout();
    var two = nodeWithLongTimeout();
    var made = new AtomicInteger();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var turns = new ArrayList<Future<Answer>>();
      for (int n = 0; n < 100; n++) {
        var node = n % 2 == 0 ? one : two;
        turns.add(
            threads.submit(
                () ->
                    switch (node.take(CALL, BODY)) {
                      case Decision.Replay(var answer) -> answer;
                      case Decision.Perform(var claim) -> {
                        made.incrementAndGet();
                        claim.answered(ANSWER);
                        yield ANSWER;
                      }
                    }));
      }
      for (var decision : turns) assertThat(decision.get()).isEqualTo(ANSWER);
    }
    assertThat(made).hasValue(1);
  }

  @Test
  void aDuplicateTimesOutIfTheFirstTakesTooLong() {
    make(here);
    isRejected(() -> here.take(CALL, BODY), Reason.IN_PROGRESS);
    isRejected(() -> there.take(CALL, BODY), Reason.IN_PROGRESS);
  }

  @Test
  void anExpiredLeaseIsTakenOverWithItsId() {
    var lost = make(here);
    later(SETTINGS.leaseTimeout());
    var next = make(there);
    assertThat(next.isTakenOver()).isTrue();
    assertThat(next.resourceId()).isEqualTo(lost.resourceId());
    next.answered(ANSWER);
    // The first maker was only slow. Its late response is ignored.
    lost.answered(new Answer.Message(ByteString.copyFromUtf8("too late")));
    assertThat(there.take(CALL, BODY)).isEqualTo(new Decision.Replay(ANSWER));
  }

  @Test
  void aReplacementIdIsStoredBeforeUseAndOnlyByTheClaimsHolder() {
    var lost = make(here);
    later(SETTINGS.leaseTimeout());
    var next = make(there);
    var id = Ids.next();
    next.setResource(id);
    assertThat(id).isNotEqualTo(lost.resourceId());
    assertThat(rows.get(CALL, time.get()).orElseThrow().resourceId()).isEqualTo(id);
    isRejected(() -> lost.setResource(Ids.next()), Reason.IN_PROGRESS);
  }

  @Test
  void aCallWithAnUnknownResultKeepsItsIdAndIsTakenOverAtOnce() {
    var claim = make(here);
    claim.abandoned(Optional.empty());
    var next = make(there);
    assertThat(next.isTakenOver()).isTrue();
    assertThat(next.resourceId()).isEqualTo(claim.resourceId());
  }

  @Test
  void aCallWithoutAnEffectIsForgotten() {
    make(here).forgotten(ApiError.of(Reason.INSTANCE_LIMIT_REACHED, "full"));
    assertThat(make(there).isTakenOver()).isFalse();
  }

  @Test
  void waitersOnTheSameNodeGetResponsesThatAreNotStored() throws Exception {
    var node = nodeWithLongTimeout();
    var claim = make(node);
    var full = ApiError.of(Reason.INSTANCE_LIMIT_REACHED, "full");
    var waiting = CompletableFuture.supplyAsync(() -> node.take(CALL, BODY));
    claim.forgotten(full);
    var decision = waiting.get();
    // The duplicate came before the end of the first call, or after it and performs its own
    // attempt.
    assertThat(
            decision instanceof Decision.Perform
                || decision.equals(new Decision.Replay(new Answer.Refusal(full))))
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource(names = {"KEY_INVALID", "ORGANIZATION_SUSPENDED", "CANCELLED"})
  void waitersOnTheSameNodePerformTheCallAfterAnErrorOfAnotherCaller(Reason reason)
      throws Exception {
    var node = nodeWithLongTimeout();
    var claim = make(node);
    var waiting = new FutureTask<>(() -> node.take(CALL, BODY));
    var thread = Thread.ofPlatform().daemon().start(waiting);
    Await.until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    Idempotency.end(claim, ApiError.of(reason, "not this caller"));
    assertThat(waiting.get(20, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            Decision.Perform.class,
            decision -> {
              assertThat(decision.claim().isTakenOver()).isTrue();
              assertThat(decision.claim().resourceId()).isEqualTo(claim.resourceId());
            });
  }

  @Test
  void anExpiredKeyIsNew() {
    var first = make(here);
    first.answered(ANSWER);
    later(SETTINGS.retention().minusMillis(1));
    assertThat(here.take(CALL, BODY)).isEqualTo(new Decision.Replay(ANSWER));
    later(Duration.ofMillis(1));
    var second = make(here);
    assertThat(second.isTakenOver()).isFalse();
    assertThat(second.resourceId()).isNotEqualTo(first.resourceId());
  }

  @Test
  void expiredRowsAreDeletedOldestFirstAndOthersAreKept() {
    for (var key : List.of("a", "b", "c")) {
      ((Decision.Perform) here.take(new CallKey("organization", "rpc", key), BODY))
          .claim()
          .answered(ANSWER);
      later(Duration.ofSeconds(1));
    }
    assertThat(rows.deleteExpired(NOW, 10)).isZero();
    assertThat(rows.deleteExpired(NOW.plus(SETTINGS.retention()).plusSeconds(1), 1)).isEqualTo(1);
    assertThat(rows.get(new CallKey("organization", "rpc", "a"), NOW)).isEmpty();
    assertThat(rows.deleteExpired(NOW.plus(SETTINGS.retention()).plusSeconds(1), 10)).isEqualTo(1);
    assertThat(rows.get(new CallKey("organization", "rpc", "c"), NOW)).isPresent();
  }

  @ParameterizedTest
  @ValueSource(longs = {30, -3_600_000})
  void aLeaseIsRenewedDuringItsCallAlsoAfterTheClockWasSetBack(long byMillis) {
    var quick =
        new IdempotencySettings(
            SETTINGS.retention(),
            Duration.ofMillis(60),
            SETTINGS.resultTimeout(),
            SETTINGS.pollInterval(),
            SETTINGS.cleanupInterval(),
            SETTINGS.maxBatchSize());
    var node = node(quick);
    make(node);
    later(Duration.ofMillis(byMillis));
    var wanted = time.get().plus(quick.leaseTimeout());
    Await.until(
        Await.LIMIT,
        () -> rows.get(CALL, time.get()).orElseThrow().leaseUntil().equals(wanted),
        () -> "the lease is not renewed");
  }

  private Claim make(Claims node) {
    return ((Decision.Perform) node.take(CALL, BODY)).claim();
  }

  private void later(Duration by) {
    time.updateAndGet(now -> now.plus(by));
  }

  private static void isRejected(Runnable call, Reason reason) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(ApiError.class, why -> assertThat(why.reason()).isEqualTo(reason));
  }
}
