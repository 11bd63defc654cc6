package dev.chowder.server.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.chowder.api.v1.Reason;
import dev.chowder.instance.InstanceId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.operator.BulkRecovery.Failed;
import dev.chowder.server.operator.BulkRecovery.Recovery;
import dev.chowder.server.operator.BulkRecovery.Unrecovered;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class BulkRecoveryTest {
  private static final List<Failed> FAILED = List.of(failed(1), failed(2), failed(3));

  private final List<Failed> tried = new ArrayList<>();

  @Test
  void aFailedRecoveryDoesNotStopTheOthers() {
    var recovery =
        recover(
            Map.of(
                FAILED.get(0),
                ApiError.unavailable("no answer", 30),
                FAILED.get(1),
                new IllegalStateException("a bug")),
            true);
    assertThat(tried).isEqualTo(FAILED);
    assertThat(recovery.recovered()).isEqualTo(1);
    assertThat(recovery.left()).isZero();
    assertThat(recovery.refused())
        .extracting(Unrecovered::instanceId, Unrecovered::reason)
        .containsExactly(
            tuple(FAILED.get(0).id().value(), Reason.SERVER_UNAVAILABLE.name()),
            tuple(FAILED.get(1).id().value(), Reason.INTERNAL.name()));
    assertThat(recovery.refused().getLast().message()).doesNotContain("a bug");
  }

  @Test
  void aFullHostStopsTheOtherRecoveries() {
    var recovery = recover(Map.of(FAILED.get(1), ApiError.noCapacity("memory", 30)), true);
    assertThat(tried).hasSize(2);
    assertThat(recovery.recovered()).isEqualTo(1);
    assertThat(recovery.left()).isEqualTo(2);
    assertThat(recovery.refused()).isEmpty();
  }

  @Test
  void anEngineOutageStopsTheOtherRecoveries() {
    var recovery = recover(Map.of(FAILED.get(1), ApiError.unavailable("no answer", 30)), false);
    assertThat(tried).hasSize(2);
    assertThat(recovery.recovered()).isEqualTo(1);
    assertThat(recovery.left()).isEqualTo(1);
    assertThat(recovery.refused())
        .extracting(Unrecovered::instanceId, Unrecovered::reason)
        .containsExactly(tuple(FAILED.get(1).id().value(), Reason.SERVER_UNAVAILABLE.name()));
  }

  /** Recovers all instances; those with a failure throw it. */
  private Recovery recover(Map<Failed, RuntimeException> failures, boolean engineAnswers) {
    return BulkRecovery.recoverEach(
        FAILED,
        one -> {
          tried.add(one);
          var failure = failures.get(one);
          if (failure != null) throw failure;
        },
        () -> engineAnswers);
  }

  private static Failed failed(int n) {
    return new Failed(new Caller("org", ""), new InstanceId(new UUID(0, n).toString()));
  }
}
