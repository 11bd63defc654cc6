package dev.chowder.pool;

import dev.chowder.pool.PoolDemand.Model;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pauses the boots of a model whose members fail, longer after each failure. */
final class MemberFailures {
  private static final Logger LOG = LoggerFactory.getLogger(MemberFailures.class);

  private final PoolSettings settings;
  private final Map<Model, Failures> failures = new HashMap<>();

  /**
   * The failures in a row of members of one model.
   *
   * @param retryAt by {@link System#nanoTime}
   */
  private record Failures(int count, long retryAt) {}

  MemberFailures(PoolSettings settings) {
    this.settings = settings;
  }

  void failed(Model model) {
    int count = Optional.ofNullable(failures.get(model)).map(Failures::count).orElse(0) + 1;
    var pause = settings.minRetryDelay().multipliedBy(1L << Math.min(count - 1, 20));
    if (pause.compareTo(settings.maxRetryDelay()) > 0) pause = settings.maxRetryDelay();
    failures.put(model, new Failures(count, System.nanoTime() + pause.toNanos()));
    LOG.info(
        "organization={} event=pool-waits again_in_ms={}",
        model.organizationId(),
        pause.toMillis());
  }

  /** Ends the pause of a model, because a member of it booted. */
  void booted(Model model) {
    failures.remove(model);
  }

  /** Removes all other models. */
  void retain(Collection<Model> models) {
    failures.keySet().retainAll(models);
  }

  boolean isPaused(Model model) {
    return Optional.ofNullable(failures.get(model))
        .filter(failed -> System.nanoTime() - failed.retryAt() < 0)
        .isPresent();
  }
}
