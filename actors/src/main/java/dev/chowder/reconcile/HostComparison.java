package dev.chowder.reconcile;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.cluster.LastSuccess;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.ObservedState;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.instance.Sleep;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxEvent;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the sandboxes of the host with the journal and acts on the differences, unless too much
 * would be lost at once. Throws, without any effect, if the host cannot be listed or the rows
 * cannot be read. A single sandbox or instance that does not respond is unknown until the next
 * comparison. Does not know when comparisons happen.
 */
public final class HostComparison implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HostComparison.class);

  /** The fence for a sandbox without an instance, which can get no later attempt. */
  private static final int NO_LIMIT = Integer.MAX_VALUE;

  private final Instances instances;
  private final InstanceRows rows;
  private final SandboxEngine engine;
  private final OtherHosts otherHosts;
  private final Set<SandboxId> own;
  private final ReconcilerSettings settings;
  private final Clock clock;
  private final MassChangeGuard guard = new MassChangeGuard();
  private final Quarantine quarantine;
  private final MeterRegistry metrics;
  private final List<Gauge> gauges;
  final LastSuccess passes;

  /**
   * The host that is compared.
   *
   * @param sandboxes finds out whose sandbox is on another host
   * @param own sandboxes that belong to no instance and are ignored
   */
  public record Host(SandboxEngine engine, Sandboxes sandboxes, Set<SandboxId> own) {}

  /** Creates the comparison for one host. */
  public HostComparison(
      Instances instances,
      InstanceRows rows,
      Host host,
      ReconcilerSettings settings,
      Clock clock,
      MeterRegistry metrics) {
    this.instances = instances;
    this.rows = rows;
    this.engine = host.engine();
    this.otherHosts = new OtherHosts(host.sandboxes());
    this.own = Set.copyOf(host.own());
    this.settings = settings;
    this.clock = clock;
    this.quarantine = new Quarantine(engine, settings.drainTimeout(), settings.maxConcurrent());
    this.metrics = metrics;
    this.passes = new LastSuccess("reconciler", metrics);
    this.gauges =
        List.of(
            Gauge.builder("chowder.sandboxes.quarantined", quarantine, q -> q.all().size())
                .register(metrics),
            Gauge.builder("chowder.reconciler.halted", guard, g -> g.blocked().isPresent() ? 1 : 0)
                .register(metrics));
  }

  /** Removes the gauges. The next node has them, and a stale one on this node would be wrong. */
  @Override
  public void close() {
    gauges.forEach(metrics::remove);
    passes.close();
  }

  /** Passes engine events to {@code receiver} until the result is closed. */
  AutoCloseable events(Consumer<SandboxEvent> receiver) {
    return engine.watch(receiver);
  }

  MassChangeGuard guard() {
    return guard;
  }

  Quarantine quarantine() {
    return quarantine;
  }

  /**
   * Compares all sandboxes. Benign drift is reported at once; destructive drift is judged together.
   * Only sandboxes whose listing differs from the journal are inspected.
   *
   * @param live all instances that are not terminated, read before this call, so that an
   *     observation of an attempt is never reported to a later one
   */
  void compare(List<InstanceView> live) {
    Map<SandboxId, SandboxObservation> listed = new LinkedHashMap<>();
    for (var one : engine.list()) {
      if (!own.contains(one.id())) listed.put(one.id(), one);
    }
    Map<SandboxId, InstanceView> known = new HashMap<>();
    var differing = new ArrayList<SandboxId>();
    var drifts = new ConcurrentHashMap<SandboxObservation, Drift>();
    var elsewhere = new ConcurrentHashMap<SandboxId, ObservedState.OtherHost>();
    for (var view : live) {
      var id = SandboxId.ofInstance(view.id().value());
      known.put(id, view);
      // A sandbox that the list lacks is inspected by name; only that proves that it is missing.
      if (!listed.containsKey(id) || differs(driftOf(Optional.of(view), listed.get(id)))) {
        differing.add(id);
      }
    }
    listed.keySet().stream().filter(id -> !known.containsKey(id)).forEach(differing::add);
    var byListing = new ConcurrentHashMap<SandboxId, Drift>();
    var unclear =
        EachAlone.run(
            "sandbox",
            differing,
            settings.maxConcurrent(),
            id ->
                inspect(id, known.get(id), listed.get(id), byListing)
                    .ifPresent(
                        one -> {
                          drifts.put(one.seen(), one.drift());
                          one.elsewhere().ifPresent(host -> elsewhere.put(id, host));
                        }));
    act(
        drifts,
        elsewhere,
        new Unclear(Set.copyOf(unclear), counted(unclear, known, byListing)),
        instancesAmong(known.values()));
  }

  /** Returns the number of instances that callers have, so without pool members. */
  static int instancesAmong(Collection<InstanceView> live) {
    return (int) live.stream().filter(view -> view.member().isEmpty()).count();
  }

  /**
   * An observation of a sandbox, and its meaning.
   *
   * @param elsewhere why the sandbox of the instance is on another host; empty if it is here
   */
  private record Inspected(
      SandboxObservation seen, Drift drift, Optional<ObservedState.OtherHost> elsewhere) {}

  /**
   * Sandboxes that did not respond.
   *
   * @param all all of them
   * @param counted those that may turn out to be lost, or have to be removed or stopped
   */
  private record Unclear(Set<SandboxId> all, Set<SandboxId> counted) {}

  /**
   * Returns the sandboxes that may turn out to be lost or removed. If the listing has no drift for
   * one, either the listing does not show it or its instance did not reply. A pool member loses
   * nothing.
   */
  static Set<SandboxId> counted(
      List<SandboxId> unclear,
      Map<SandboxId, InstanceView> known,
      Map<SandboxId, Drift> byListing) {
    return unclear.stream()
        .filter(id -> !known.containsKey(id) || known.get(id).member().isEmpty())
        .filter(
            id -> {
              var drift = byListing.get(id);
              return drift == null || isDestructive(drift);
            })
        .collect(Collectors.toSet());
  }

  private static boolean isDestructive(Drift drift) {
    return drift instanceof Drift.Lost
        || drift instanceof Drift.Unreachable
        || drift instanceof Drift.Orphan;
  }

  private static boolean differs(Drift drift) {
    return !(drift instanceof Drift.InSync) && !(drift instanceof Drift.TooRecent);
  }

  /** Inspects a sandbox that differs or has no row; empty if it does not differ after all. */
  private Optional<Inspected> inspect(
      SandboxId id,
      @Nullable InstanceView row,
      @Nullable SandboxObservation listed,
      Map<SandboxId, Drift> byListing) {
    var view = row == null ? view(new InstanceId(id.instanceId())) : Optional.of(row);
    if (listed != null) {
      var drift = driftOf(view, listed);
      byListing.put(id, drift);
      if (!differs(drift)) return Optional.empty();
    }
    // An untracked sandbox is kept in any case, so its listing is enough.
    boolean untracked = byListing.get(id) instanceof Drift.Untracked;
    var seen = listed != null && untracked ? listed : engine.observe(id);
    var elsewhere = view.flatMap(one -> otherHosts.of(one, seen));
    return Optional.of(
        elsewhere.isPresent()
            ? new Inspected(
                SandboxObservation.nothing(id),
                Drift.of(view.orElseThrow(), elsewhere.get()),
                elsewhere)
            : new Inspected(seen, driftOf(view, seen), elsewhere));
  }

  private void act(
      Map<SandboxObservation, Drift> drifts,
      Map<SandboxId, ObservedState.OtherHost> elsewhere,
      Unclear unclear,
      int instances) {
    int massLimit = settings.massLimit(instances);
    var now = clock.instant();
    var unknown = new HashMap<SandboxObservation, Quarantine.Why>();
    var benign = new HashMap<SandboxObservation, InstanceView>();
    var destructive = new HashMap<SandboxObservation, InstanceView>();
    // A host that is away may be a mistake. Then nothing that depends on it may change.
    var held = new HashMap<SandboxObservation, InstanceView>();
    drifts.forEach(
        (seen, drift) -> {
          switch (drift) {
            case Drift.Untracked() -> unknown.put(seen, Quarantine.Why.NO_JOURNAL);
            case Drift.Reappeared _ -> unknown.put(seen, Quarantine.Why.HOME_REAPPEARED);
            case Drift.Benign(var view) ->
                (elsewhere.containsKey(seen.id()) ? held : benign).put(seen, view);
            case Drift.Lost(var view) -> destructive.put(seen, view);
            case Drift.Unreachable(var view) -> destructive.put(seen, view);
            case Drift.Orphan(var view) -> destructive.put(seen, view);
            case Drift.InSync(), Drift.TooRecent() -> {}
          }
        });
    report(benign, elsewhere);
    quarantine.found(unknown, unclear.all(), now);

    var ids = new HashSet<String>();
    destructive.keySet().forEach(seen -> ids.add(seen.id().value()));
    quarantine.all().stream()
        .filter(Quarantine.Quarantined::runs)
        .forEach(one -> ids.add(one.seen().id().value()));
    // An unknown sandbox alone does not halt the reconciler. It counts with the others, since it
    // may be lost or removed as well.
    if (ids.isEmpty() && !unclear.counted().isEmpty()) return;
    unclear.counted().forEach(id -> ids.add(id.value()));
    if (!guard.permits(ids, massLimit, now)) {
      LOG.error(
          "event=reconciler-halted sandboxes={} limit={}: too many sandboxes would be declared"
              + " lost, removed or stopped at once; check that the database belongs to this host,"
              + " then release the reconciler",
          ids.size(),
          massLimit);
      OtherHosts.logHalt(drifts.values());
      return;
    }
    report(destructive, elsewhere);
    report(held, elsewhere);
    quarantine.stop(now.minus(settings.removalDelay()));
  }

  private Drift driftOf(Optional<InstanceView> view, SandboxObservation seen) {
    return Drift.of(view, seen, clock.instant().minus(settings.removalDelay()));
  }

  /**
   * Observes one sandbox, and reports benign drift. Returns whether a comparison of all sandboxes
   * is needed, since destructive drift may be one case of many.
   */
  boolean observe(SandboxId id) {
    if (own.contains(id)) return false;
    var view = view(new InstanceId(id.instanceId()));
    var seen = engine.observe(id);
    if (otherHosts.have(view, seen)) return false;
    return switch (driftOf(view, seen)) {
      case Drift.Benign(var instance) -> {
        report(instance, seen, Optional.empty());
        yield false;
      }
      case Drift.Lost _,
          Drift.Unreachable _,
          Drift.Orphan _,
          Drift.Untracked(),
          Drift.Reappeared _ ->
          true;
      case Drift.InSync(), Drift.TooRecent() -> false;
    };
  }

  /**
   * Removes a sandbox that is in quarantine, its home volume included.
   *
   * @return false if it is not in quarantine, or was given a later attempt meanwhile
   */
  boolean removeQuarantined(SandboxId id) {
    if (own.contains(id)) return false;
    var view = view(new InstanceId(id.instanceId()));
    var seen = engine.observe(id);
    if (otherHosts.have(view, seen)) return false;
    var drift = Drift.of(view, seen, Instant.EPOCH);
    if (!(drift instanceof Drift.Untracked || drift instanceof Drift.Reappeared)) return false;
    // The fence keeps a home volume with which the instance is recovered meanwhile.
    int attempt = view.map(v -> Math.max(v.attempt(), seen.attempt())).orElse(NO_LIMIT);
    if (seen.home().isPresent()) {
      return engine.remove(id, new Fence(attempt, seen.home().get()));
    }
    engine.removeProcesses(id, attempt);
    return true;
  }

  /** Returns all instances that are not terminated, from their rows. */
  List<InstanceView> live() {
    var views = new ArrayList<InstanceView>();
    rows.forEachLive(settings.maxBatchSize(), row -> views.add(InstanceReadRows.view(row)));
    return views;
  }

  /** Returns the state of an instance from its entity; empty if the journal does not know it. */
  Optional<InstanceView> view(InstanceId id) {
    try {
      var reply = instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
      return reply instanceof InstanceReply.Accepted(var view)
          ? Optional.of(view)
          : Optional.empty();
    } catch (CompletionException why) {
      throw new IllegalStateException(cannot("query instance " + id, "it did not reply"), why);
    }
  }

  /** Reports each sandbox separately, since reading the log of an ended process may hang. */
  private void report(
      Map<SandboxObservation, InstanceView> seen,
      Map<SandboxId, ObservedState.OtherHost> elsewhere) {
    var _ =
        EachAlone.run(
            "sandbox",
            seen.keySet(),
            settings.maxConcurrent(),
            one ->
                report(
                    Objects.requireNonNull(seen.get(one)),
                    one,
                    Optional.ofNullable(elsewhere.get(one.id()))));
  }

  private void report(
      InstanceView view, SandboxObservation seen, Optional<ObservedState.OtherHost> elsewhere) {
    try {
      // The cause is read only for gateways that should run or sleep: most others were stopped.
      boolean shouldRun = view.status().isSteady() && view.status().now() == Name.RUNNING;
      boolean shouldSleep = view.sleep().filter(Sleep::holdsProcesses).isPresent();
      ObservedState here =
          shouldRun || shouldSleep
              ? ObservedStates.withCause(engine, view, seen)
              : ObservedStates.of(view, seen);
      instances.tell(
          view.id(),
          new InstanceCommand.Observed(
              view.attempt(),
              elsewhere.<ObservedState>map(one -> one).orElse(here),
              settings.restartPolicy(),
              clock.instant()));
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    }
  }
}
