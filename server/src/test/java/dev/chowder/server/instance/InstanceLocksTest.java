package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InstanceLocksTest {
  private final InstanceLocks locks = new InstanceLocks();

  @Test
  void locksOfInstancesAreIndependentAndReleased() throws Exception {
    var one = new InstanceId(Ids.next());
    var held = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var holder =
          threads.submit(
              () -> {
                try (var _ = locks.tryLock(one, Duration.ZERO).orElseThrow()) {
                  held.countDown();
                  return release.await(30, TimeUnit.SECONDS);
                }
              });
      assertThat(held.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(locks.tryLock(one, Duration.ofMillis(1))).isEmpty();
      var others = new ArrayList<InstanceLocks.Held>();
      for (int n = 0; n < 1000; n++) {
        others.add(locks.tryLock(new InstanceId(Ids.next()), Duration.ZERO).orElseThrow());
      }
      assertThat(locks.size()).isEqualTo(1001);
      others.forEach(InstanceLocks.Held::close);
      release.countDown();
      assertThat(holder.get()).isTrue();
    }
    assertThat(locks.size()).isZero();
    try (var _ = locks.tryLock(one, Duration.ZERO).orElseThrow()) {
      assertThat(locks.size()).isEqualTo(1);
    }
  }
}
