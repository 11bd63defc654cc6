package dev.chowder.base;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.awaitility.pollinterval.IterativePollInterval;

/**
 * Waits for conditions in tests. Except {@link #holdsWithin}, each call fails if its condition does
 * not hold in time.
 */
public final class Await {
  /** Much longer than any wait on an idle machine, because tests run beside others. */
  public static final Duration LIMIT = Duration.ofSeconds(40);

  /** The first pause between two checks. */
  private static final Duration PAUSE = Duration.ofMillis(20);

  /**
   * The longest pause. Some conditions list all instances of a server, and with the first pause a
   * long wait would take a processor from the nodes it waits for.
   */
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

  private Await() {}

  /** Waits up to {@link #LIMIT}. */
  public static void until(Callable<Boolean> holds) {
    until(LIMIT, holds);
  }

  public static void until(Duration limit, Callable<Boolean> holds) {
    until(limit, holds, () -> "the condition does not hold");
  }

  /**
   * Fails with the message of {@code instead} if the condition does not hold in time. An exception
   * of the condition ends the wait.
   */
  public static void until(Duration limit, Callable<Boolean> holds, Supplier<String> instead) {
    try {
      await(limit, holds);
    } catch (ConditionTimeoutException late) {
      throw new AssertionError("after " + limit + ": " + instead.get(), late);
    }
  }

  /**
   * Returns whether the condition holds in time, for waits after which a test continues in both
   * cases. An exception of the condition ends the wait.
   */
  public static boolean holdsWithin(Duration limit, Callable<Boolean> holds) {
    try {
      await(limit, holds);
      return true;
    } catch (ConditionTimeoutException late) {
      return false;
    }
  }

  private static void await(Duration limit, Callable<Boolean> holds) {
    // In the caller's thread, because conditions use the caller's interrupt and its call context.
    Awaitility.await()
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(IterativePollInterval.iterative(Await::longer, PAUSE))
        .atMost(limit)
        .until(holds);
  }

  private static Duration longer(Duration pause) {
    var next = pause.plusMillis(5);
    return next.compareTo(LONGEST_PAUSE) < 0 ? next : LONGEST_PAUSE;
  }

  /** Waits up to {@link #LIMIT} until the problem is empty, and fails with the last problem. */
  public static void untilSolved(Supplier<String> problem) {
    untilSolved(LIMIT, problem);
  }

  /** Waits until the problem is empty, and fails with the last problem. */
  public static void untilSolved(Duration limit, Supplier<String> problem) {
    untilSolved(limit, problem, () -> "");
  }

  /** As above. The failure also has the context, such as the log of a process. */
  public static void untilSolved(
      Duration limit, Supplier<String> problem, Supplier<String> context) {
    var last = new AtomicReference<>("");
    until(
        limit,
        () -> {
          last.set(problem.get());
          return last.get().isEmpty();
        },
        () -> last.get() + "\n" + context.get());
  }
}
