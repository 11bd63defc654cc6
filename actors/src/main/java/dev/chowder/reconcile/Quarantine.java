package dev.chowder.reconcile;

import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Quarantines untracked sandboxes, and home volumes that came back after their instance had lost
 * them. Stops their processes and keeps their homes. Lists them until an operator removes them or
 * restores the database that knows them, or until the instance is recovered. Each pass finds them
 * on the host again, so only the times of first observations are kept.
 */
final class Quarantine {
  private static final Logger LOG = LoggerFactory.getLogger(Quarantine.class);

  private final SandboxEngine engine;
  private final Duration drain;
  private final int atOnce;
  private Map<SandboxId, Quarantined> known = Map.of();

  /** Why a sandbox is in quarantine. */
  enum Why {
    /** The journal does not know the sandbox, or only an attempt before the one that ran. */
    NO_JOURNAL,
    /** The instance failed, and its lost home volume came back. A recover starts with it. */
    HOME_REAPPEARED
  }

  /**
   * A quarantined sandbox.
   *
   * @param seen last observation
   * @param since time of the first observation
   * @param attemptSince time of the first observation with a process of this attempt
   */
  record Quarantined(SandboxObservation seen, Why why, Instant since, Instant attemptSince) {
    boolean runs() {
      return switch (seen.mainProcess()) {
        case MainProcess.Up _, MainProcess.Paused _ -> true;
        case MainProcess.Ended _, MainProcess.Missing() -> false;
      };
    }
  }

  Quarantine(SandboxEngine engine, Duration drain, int atOnce) {
    this.engine = engine;
    this.drain = drain;
    this.atOnce = atOnce;
  }

  /**
   * Replaces the list by what a pass found.
   *
   * @param unclear sandboxes that did not respond; these stay in the list
   */
  synchronized void found(Map<SandboxObservation, Why> all, Set<SandboxId> unclear, Instant now) {
    var next = new HashMap<>(known);
    next.keySet().retainAll(unclear);
    all.forEach(
        (seen, why) -> {
          var before = known.get(seen.id());
          if (before == null) {
            warn(seen, why);
            next.put(seen.id(), new Quarantined(seen, why, now, now));
            return;
          }
          // A pass may have read the instance just before a recover. Its new process is not stopped
          // at once, and the next pass finds the instance that owns it.
          var attemptSince =
              before.seen().attempt() == seen.attempt() ? before.attemptSince() : now;
          next.put(seen.id(), new Quarantined(seen, why, before.since(), attemptSince));
        });
    known = Map.copyOf(next);
  }

  private static void warn(SandboxObservation seen, Why why) {
    switch (why) {
      case NO_JOURNAL ->
          LOG.warn(
              "sandbox={} event=unknown: the journal does not know it; its home is kept",
              seen.id());
      case HOME_REAPPEARED ->
          LOG.warn(
              "sandbox={} event=home-reappeared generation={}: the instance had lost this home"
                  + " volume; it is kept, and a recover of the instance starts with it",
              seen.id(),
              seen.home().orElse(0));
    }
  }

  synchronized List<Quarantined> all() {
    return List.copyOf(new TreeMap<>(byName()).values());
  }

  private Map<String, Quarantined> byName() {
    var named = new HashMap<String, Quarantined>();
    known.forEach((id, one) -> named.put(id.value(), one));
    return named;
  }

  /** Stops the running processes that were first observed before {@code seenBefore}. */
  void stop(Instant seenBefore) {
    var due =
        all().stream()
            .filter(one -> one.runs() && one.attemptSince().isBefore(seenBefore))
            .toList();
    if (due.isEmpty()) return;
    try (var threads = Executors.newFixedThreadPool(atOnce, Thread.ofVirtual().factory())) {
      due.forEach(one -> threads.execute(() -> stop(one.seen())));
    }
  }

  private void stop(SandboxObservation seen) {
    var id = seen.id();
    try {
      // The attempt is the fence: a process of a later attempt keeps running.
      var _ = engine.stop(id, seen.attempt(), drain);
      LOG.warn("sandbox={} event=quarantined: stopped, its home is kept", id);
    } catch (SandboxException why) {
      // The next pass tries again.
      LOG.warn("sandbox={} was not stopped: {}", id, why.getMessage());
    }
  }
}
