package dev.chowder.effect;

import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.storage.InstanceRows;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares what the sandboxes' host has with what the journal says, and does what follows, unless
 * too much would follow at once. Knows nothing of when that happens. Throws when engine or journal
 * cannot be asked, and has done nothing then.
 */
final class HostComparison {
  private static final Logger LOG = LoggerFactory.getLogger(HostComparison.class);

  private final Instances instances;
  private final InstanceRows rows;
  private final SandboxDriver driver;
  private final Set<SandboxId> own;
  private final ReconcilerSettings settings;
  private final Clock clock;
  private final MassAlarm alarm = new MassAlarm();
  private final Quarantine quarantine;

  /**
   * Makes one.
   *
   * @param own sandboxes that belong to no instance and are not looked at
   */
  HostComparison(
      Instances instances,
      InstanceRows rows,
      SandboxDriver driver,
      Set<SandboxId> own,
      ReconcilerSettings settings,
      Clock clock) {
    this.instances = instances;
    this.rows = rows;
    this.driver = driver;
    this.own = Set.copyOf(own);
    this.settings = settings;
    this.clock = clock;
    this.quarantine = new Quarantine(driver, settings.drain(), settings.looks());
  }

  MassAlarm alarm() {
    return alarm;
  }

  Quarantine quarantine() {
    return quarantine;
  }

  /** Everything: what is harmless is told, and what is grave judged all together. */
  void compare() {
    // The order matters: a life that began after its row was read is not told what was seen of the
    // former one.
    Map<String, InstanceView> known = new HashMap<>();
    for (var row : live()) known.put(row.id().value(), row);
    Map<String, SandboxObservation> seen = new HashMap<>();
    for (var one : driver.list()) {
      if (!own.contains(one.id())) seen.put(one.id().instanceId(), one);
    }
    var findings = new LinkedHashMap<SandboxObservation, Finding>();
    for (var view : known.values()) {
      var one = seen.get(view.id().value());
      // What the list does not show is asked for by name: only then is "not there" an answer.
      if (one == null) one = driver.observe(SandboxId.ofInstance(view.id().value()));
      findings.put(one, find(Optional.of(view), one));
    }
    for (var one : seen.values()) {
      if (known.containsKey(one.id().instanceId())) continue;
      findings.put(one, find(view(new InstanceId(one.id().instanceId())), one));
    }
    act(findings, settings.massLimit(known.size()));
  }

  private void act(Map<SandboxObservation, Finding> findings, int massLimit) {
    var now = clock.instant();
    var unknown = new ArrayList<SandboxObservation>();
    findings.forEach(
        (seen, finding) -> {
          if (finding instanceof Finding.Unknown) unknown.add(seen);
          if (finding instanceof Finding.Harmless(var view)) tell(view, seen);
        });
    quarantine.found(unknown, now);

    var grave = new HashMap<SandboxObservation, InstanceView>();
    findings.forEach(
        (seen, finding) -> {
          if (finding instanceof Finding.Loss(var view)) grave.put(seen, view);
          if (finding instanceof Finding.Leftover(var view)) grave.put(seen, view);
        });
    var ids = new HashSet<String>();
    grave.keySet().forEach(seen -> ids.add(seen.id().value()));
    quarantine.all().stream()
        .filter(Quarantine.Unaccounted::runs)
        .forEach(one -> ids.add(one.seen().id().value()));
    if (!alarm.permits(ids, massLimit, now)) {
      LOG.error(
          "event=reconciler-halted sandboxes={} limit={}: so many at once would be given up,"
              + " removed or stopped (expected: a database and a host that belong together); an"
              + " operator can look and release",
          ids.size(),
          massLimit);
      return;
    }
    grave.forEach((seen, view) -> tell(view, seen));
    quarantine.stop(now.minus(settings.removalGrace()));
  }

  private Finding find(Optional<InstanceView> view, SandboxObservation seen) {
    return Finding.of(view, seen, clock.instant().minus(settings.removalGrace()));
  }

  /**
   * One sandbox, when it is worth a look; whether a whole comparison is needed: what is grave could
   * be one of many.
   */
  boolean look(SandboxId id) {
    if (own.contains(id)) return false;
    var view = view(new InstanceId(id.instanceId()));
    var seen = driver.observe(id);
    return switch (find(view, seen)) {
      case Finding.Harmless(var told) -> {
        tell(told, seen);
        yield false;
      }
      case Finding.Loss _, Finding.Leftover _, Finding.Unknown() -> true;
      case Finding.AsExpected(), Finding.TooEarly() -> false;
    };
  }

  /** Whether no journal accounts for it. */
  boolean isUnknown(SandboxId id) {
    var view = view(new InstanceId(id.instanceId()));
    return !own.contains(id)
        && Finding.of(view, driver.observe(id), Instant.EPOCH) instanceof Finding.Unknown;
  }

  /** All that are not terminated, as their rows say. */
  List<InstanceView> live() {
    var views = new ArrayList<InstanceView>();
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.live(settings.batch(), after);
      page.forEach(row -> views.add(InstanceReadRows.view(row)));
      if (page.size() < settings.batch()) return views;
      after = Optional.of(page.getLast().id());
    }
  }

  /** As it says itself; empty: the journal does not know it. */
  Optional<InstanceView> view(InstanceId id) {
    try {
      var reply = instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
      return reply instanceof InstanceReply.Accepted(var view)
          ? Optional.of(view)
          : Optional.empty();
    } catch (CompletionException why) {
      throw new IllegalStateException("instance " + id + " did not answer", why);
    }
  }

  private void tell(InstanceView view, SandboxObservation seen) {
    try {
      // Only whoever should run is asked why it does not: most that ended were stopped.
      boolean shouldRun = view.status().settled() && view.status().now() == Name.RUNNING;
      var sight = shouldRun ? Sights.withCause(driver, seen) : Sights.of(seen);
      instances.tell(
          view.id(),
          new InstanceCommand.Observed(
              view.attempt(), sight, settings.restarts(), clock.instant()));
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }
}
