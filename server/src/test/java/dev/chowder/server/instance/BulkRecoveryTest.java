package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import dev.chowder.instance.InstanceId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.instance.BulkRecovery.Failed;
import dev.chowder.server.operator.HostCommands.Unrecovered;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class BulkRecoveryTest {
  private static final List<Failed> FAILED = List.of(failed(1), failed(2), failed(3));

  @Test
  void oneThatCannotBeRecoveredStopsNoOther() {
    var tried = new ArrayList<Failed>();
    var recovery =
        BulkRecovery.recoverEach(
            FAILED,
            one -> {
              tried.add(one);
              if (one.equals(FAILED.get(0))) throw ApiError.unavailable("no answer", 30);
              if (one.equals(FAILED.get(1))) throw new IllegalStateException("a bug");
            },
            () -> true);
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
  void aFullHostEndsTheRecoveryOfTheOthers() {
    var tried = new ArrayList<Failed>();
    var recovery =
        BulkRecovery.recoverEach(
            FAILED,
            one -> {
              tried.add(one);
              if (tried.size() == 2) throw ApiError.noCapacity("memory", 30);
            },
            () -> true);
    assertThat(tried).hasSize(2);
    assertThat(recovery.recovered()).isEqualTo(1);
    assertThat(recovery.left()).isEqualTo(2);
    assertThat(recovery.refused()).isEmpty();
  }

  @Test
  void anEngineThatDoesNotAnswerEndsTheRecoveryOfTheOthers() {
    var tried = new ArrayList<Failed>();
    var recovery =
        BulkRecovery.recoverEach(
            FAILED,
            one -> {
              tried.add(one);
              if (tried.size() == 2) throw ApiError.unavailable("no answer", 30);
            },
            () -> false);
    assertThat(tried).hasSize(2);
    assertThat(recovery.recovered()).isEqualTo(1);
    assertThat(recovery.left()).isEqualTo(1);
    assertThat(recovery.refused())
        .extracting(Unrecovered::instanceId, Unrecovered::reason)
        .containsExactly(tuple(FAILED.get(1).id().value(), Reason.SERVER_UNAVAILABLE.name()));
  }

  private static Failed failed(int n) {
    return new Failed(new Caller("org", ""), new InstanceId(new UUID(0, n).toString()));
  }
}
