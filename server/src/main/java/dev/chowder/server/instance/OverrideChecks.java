package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.base.FairSemaphore;
import dev.chowder.gateway.Overrides;
import dev.chowder.server.error.ApiError;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Runs the checks of callers' overrides: at most {@value #AT_ONCE} at a time on a node, one of each
 * organization, and organizations take turns. A check of the largest overrides uses a processor for
 * about a second, so it runs on a thread of its own, which the system interrupts for other work. A
 * virtual thread would keep one of the few carrier threads. Blocks.
 */
public final class OverrideChecks {
  private static final int AT_ONCE = 2;

  private static final int RETRY_AFTER_SECONDS = 1;

  private final FairSemaphore permits = new FairSemaphore(AT_ONCE, AT_ONCE - 1);
  private final Overrides overrides;
  private final Duration timeout;

  /**
   * Creates the checks of a node.
   *
   * @param timeout maximum duration of a check, including the wait for its turn
   */
  public OverrideChecks(Overrides overrides, Duration timeout) {
    this.overrides = overrides;
    this.timeout = timeout;
  }

  /** Returns the overrides, for calls that check none. */
  Overrides overrides() {
    return overrides;
  }

  /**
   * Runs a check, and throws its exception.
   *
   * @throws ApiError {@code SERVER_UNAVAILABLE} if it does not end in time. It goes on then, and
   *     its organization waits for its end
   */
  void run(String organizationId, Consumer<Overrides> check) {
    long deadline = System.nanoTime() + timeout.toNanos();
    try {
      if (!permits.tryAcquire(organizationId, timeout)) throw late();
      var result =
          new FutureTask<>(
              () -> {
                try {
                  check.accept(overrides);
                } finally {
                  permits.release(organizationId);
                }
              },
              null);
      Thread.ofPlatform().daemon().name("override-check").start(result);
      var _ = result.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      throw late();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof RuntimeException known) throw known;
      throw new IllegalStateException(failed.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiError.cancelled();
    }
  }

  private ApiError late() {
    return ApiError.unavailable(
        cannot(
            "check openclaw_config",
            "it did not end within %d s".formatted(timeout.toSeconds()),
            "repeat the call"),
        RETRY_AFTER_SECONDS);
  }
}
