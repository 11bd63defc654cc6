package dev.chowder.client;

import dev.chowder.client.failure.ClientException;
import java.time.Duration;
import java.util.Optional;

/**
 * Decides whether a failed try of a call is repeated, and after which pause. A call that may have
 * been executed is repeated only if that changes nothing. Pure.
 */
final class Repetition {
  /** Tries of one call, with the first one. */
  static final int TRIES = 5;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  /** The longest pause. If the server demands a longer one, the caller decides. */
  static final Duration MAX_PAUSE = Duration.ofSeconds(20);

  private Repetition() {}

  /**
   * Returns the pause before the next try; empty if the call has failed.
   *
   * @param tries number of tries until now, at least 1
   * @param left time that is left for the call
   * @param random from 0 to 1; spreads the tries of several callers
   */
  static Optional<Duration> pause(
      Call call, ClientException failure, int tries, Duration left, double random) {
    if (tries >= TRIES || !mayRepeat(call, failure)) return Optional.empty();
    var pause = wanted(failure).orElseGet(() -> backoff(tries, random));
    boolean isTooLong = pause.compareTo(MAX_PAUSE) > 0 || pause.compareTo(left) >= 0;
    return isTooLong ? Optional.empty() : Optional.of(pause);
  }

  private static boolean mayRepeat(Call call, ClientException failure) {
    return switch (failure.kind()) {
      case UNREACHABLE -> true;
      case CONNECTION_LOST -> call.isRepeatable();
      case REJECTED -> failure instanceof ApiException error && mayRepeat(call, error);
      default -> false;
    };
  }

  private static boolean mayRepeat(Call call, ApiException error) {
    boolean isBusy = error.status() == 429 || error.status() == 503;
    return error.mayRetry() && (error.isRejectedUnexecuted() || (call.isRepeatable() && isBusy));
  }

  /** Returns whether the server certainly did nothing. */
  static boolean isUnexecuted(ClientException failure) {
    return failure instanceof ApiException error
        ? error.isRejectedUnexecuted()
        : failure.kind() == ClientException.Kind.UNREACHABLE;
  }

  private static Optional<Duration> wanted(ClientException failure) {
    return failure instanceof ApiException error ? error.retryAfter() : Optional.empty();
  }

  /** Doubles each time, and differs by a quarter in both directions. */
  private static Duration backoff(int tries, double random) {
    double factor = 0.75 + random / 2;
    return Duration.ofMillis((long) (FIRST_PAUSE.toMillis() * (1L << (tries - 1)) * factor));
  }
}
