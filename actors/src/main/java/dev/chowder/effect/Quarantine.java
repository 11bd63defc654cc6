package dev.chowder.effect;

import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sandboxes that no journal accounts for: their processes are stopped, their homes are kept, and
 * they are shown until an operator removes them or brings the database back that knows them. What
 * is there is the host's to say, so that nothing has to be remembered but since when.
 */
final class Quarantine {
  private static final Logger LOG = LoggerFactory.getLogger(Quarantine.class);

  private final SandboxDriver driver;
  private final Duration drain;
  private final int atOnce;
  private Map<SandboxId, Unaccounted> known = Map.of();

  /** One of them, as it was last seen. */
  record Unaccounted(SandboxObservation seen, Instant since) {
    boolean runs() {
      return switch (seen.mainProcess()) {
        case MainProcess.Up _, MainProcess.Paused _ -> true;
        case MainProcess.Ended _, MainProcess.Missing() -> false;
      };
    }
  }

  Quarantine(SandboxDriver driver, Duration drain, int atOnce) {
    this.driver = driver;
    this.drain = drain;
    this.atOnce = atOnce;
  }

  /**
   * All that a sweep found; those that it did not find any more are forgotten.
   *
   * @param unclear those that it could not find out about, and that stay as they were
   */
  synchronized void found(Collection<SandboxObservation> all, Set<SandboxId> unclear, Instant now) {
    var next = new HashMap<>(known);
    next.keySet().retainAll(unclear);
    for (var seen : all) {
      var before = known.get(seen.id());
      if (before == null) {
        LOG.warn(
            "sandbox={} event=unknown: no journal accounts for it; its home is kept", seen.id());
      }
      next.put(seen.id(), new Unaccounted(seen, before == null ? now : before.since()));
    }
    known = Map.copyOf(next);
  }

  synchronized List<Unaccounted> all() {
    return List.copyOf(new TreeMap<>(byName()).values());
  }

  private Map<String, Unaccounted> byName() {
    var named = new HashMap<String, Unaccounted>();
    known.forEach((id, one) -> named.put(id.value(), one));
    return named;
  }

  /** Stops those that run and were first seen before {@code seenBefore}. */
  void stop(Instant seenBefore) {
    var due = all().stream().filter(one -> one.runs() && one.since().isBefore(seenBefore)).toList();
    if (due.isEmpty()) return;
    try (var threads = Executors.newFixedThreadPool(atOnce, Thread.ofVirtual().factory())) {
      due.forEach(one -> threads.execute(() -> stop(one.seen().id())));
    }
  }

  private void stop(SandboxId id) {
    try {
      driver.stop(id, drain);
      LOG.warn("sandbox={} event=quarantined: stopped, its home is kept", id);
    } catch (SandboxException why) {
      // The next sweep sees it running still.
      LOG.warn("sandbox={} not quarantined: {}", id, why.getMessage());
    }
  }
}
