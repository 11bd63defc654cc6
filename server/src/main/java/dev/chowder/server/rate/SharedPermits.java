package dev.chowder.server.rate;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.server.error.ApiError;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A bounded number of permits that all organizations of a node share. A caller never waits for a
 * permit. It gets one if one is free and its organization holds less than {@value #SHARE} times as
 * many as are free.
 *
 * <p>So an organization that takes all it can get takes three quarters of the free permits, rounded
 * up. With 100 permits, a first one takes 75, a second 19, a third 5 and a fourth the last one. A
 * fifth gets none until a permit is released. A released permit then goes to an organization that
 * holds few, because those that hold many are rejected. Over time, n organizations that take all
 * they can get approach 3 / (3n + 1) of all permits each, so two approach three sevenths each.
 *
 * <p>Does not know what a permit is for.
 */
public final class SharedPermits {
  /** From "Dynamic queue length thresholds" (Choudhury and Hahne), where it is called alpha. */
  private static final int SHARE = 3;

  private static final int RETRY_AFTER_SECONDS = 1;

  private final String what;
  private final int max;
  private final Map<String, Integer> held = new HashMap<>();
  private int free;

  /**
   * Creates the permits of one kind of call.
   *
   * @param what the plural noun for the error message, such as "open responses"
   * @param max permits in all, at least 1
   */
  public SharedPermits(String what, int max) {
    this.what = what;
    this.max = max;
    this.free = max;
  }

  /** A permit, which closing releases. Closing it again has no effect. */
  public interface Permit extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Takes a permit for one call of this organization.
   *
   * @throws ApiError {@code RATE_LIMITED} if no permit is free or the organization holds its share
   */
  public synchronized Permit acquire(String organizationId) {
    int holds = held.getOrDefault(organizationId, 0);
    if (free == 0 || holds >= SHARE * free) {
      throw ApiError.rateLimited(
          cannot(
              "start the call",
              "this organization has %d %s, and the limit of this node is %d"
                  .formatted(holds, what, max),
              "retry later"),
          RETRY_AFTER_SECONDS);
    }
    free--;
    held.put(organizationId, holds + 1);
    var closed = new AtomicBoolean();
    return () -> {
      if (closed.compareAndSet(false, true)) release(organizationId);
    };
  }

  private synchronized void release(String organizationId) {
    free++;
    held.computeIfPresent(organizationId, (_, holds) -> holds == 1 ? null : holds - 1);
  }
}
