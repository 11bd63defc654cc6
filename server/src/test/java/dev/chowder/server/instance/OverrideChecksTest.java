package dev.chowder.server.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Await;
import dev.chowder.gateway.Overrides;
import dev.chowder.server.error.ApiError;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class OverrideChecksTest {
  private final OverrideChecks checks =
      new OverrideChecks(InstancePresenterTest.withoutOverrides(), Await.LIMIT);
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicInteger running = new AtomicInteger();

  private void check(Overrides overrides) {
    running.incrementAndGet();
    try {
      end.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    } finally {
      running.decrementAndGet();
    }
  }

  private CompletableFuture<Void> start(OverrideChecks checks, String organization) {
    return CompletableFuture.runAsync(
        () -> checks.run(organization, this::check), command -> Thread.ofVirtual().start(command));
  }

  @Test
  void anOrganizationRunsOneCheckAndANodeTwo() throws Exception {
    var first = start(checks, "flood");
    Await.until(Await.LIMIT, () -> running.get() == 1, () -> "running: " + running);
    var second = start(checks, "flood");
    var other = start(checks, "quiet");
    Await.until(Await.LIMIT, () -> running.get() == 2, () -> "running: " + running);
    var third = start(checks, "third");
    assertThat(second).isNotDone();
    assertThat(running).hasValue(2);
    end.countDown();
    CompletableFuture.allOf(first, second, other, third).get();
  }

  @Test
  void aCheckThatDoesNotEndInTimeIsUnavailableAndKeepsItsPermit() throws Exception {
    var brief = new OverrideChecks(InstancePresenterTest.withoutOverrides(), Duration.ofMillis(50));
    for (int n = 0; n < 2; n++) {
      assertThatThrownBy(() -> brief.run("o", this::check))
          .isInstanceOfSatisfying(
              ApiError.class,
              error -> assertThat(error.reason()).isEqualTo(Reason.SERVER_UNAVAILABLE));
    }
    Await.until(Await.LIMIT, () -> running.get() > 0, () -> "running: " + running);
    assertThat(running).hasValue(1);
    end.countDown();
    Await.until(Await.LIMIT, () -> running.get() == 0, () -> "running: " + running);
  }

  @Test
  void anExceptionOfACheckReachesTheCallerAndReleasesThePermit() {
    for (int n = 0; n < 3; n++) {
      assertThatThrownBy(
              () ->
                  checks.run(
                      "o",
                      _ -> {
                        throw new IllegalArgumentException("invalid");
                      }))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("invalid");
    }
  }

  @Test
  void aCheckRunsOnAThreadOfItsOwn() {
    checks.run("o", _ -> assertThat(Thread.currentThread().isVirtual()).isFalse());
  }
}
