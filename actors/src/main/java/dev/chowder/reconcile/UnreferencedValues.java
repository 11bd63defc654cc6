package dev.chowder.reconcile;

import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.LastSuccess;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import dev.chowder.secret.SecretStore.ValueId;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes secrets that are no longer needed: values whose version no event names, and all secrets
 * of instances and organizations that were deleted or never existed. A value is stored before its
 * change is accepted. It is therefore deleted only after it was unreferenced for the grace period,
 * by the monotonic clock. Unusually many deletions that a lost or older journal may have caused
 * wait for a release. Until then only replaced values are deleted.
 */
public final class UnreferencedValues implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(UnreferencedValues.class);

  private final SecretStore secrets;
  private final ValueOwners owners;
  private final ValueSettings settings;
  private final Clock clock;
  private final LongSupplier nanos;
  private final MeterRegistry metrics;
  private final LastSuccess lastPass;
  private final Gauge gauge;
  private final MassChangeGuard guard = new MassChangeGuard();
  private final RepeatingThread passes = new RepeatingThread("unreferenced-values");

  /** Time of the first pass that found each value unreferenced, by {@link #nanos}. */
  private Map<ValueId, Long> unreferenced = Map.of();

  public UnreferencedValues(
      SecretStore secrets,
      ValueOwners owners,
      ValueSettings settings,
      Clock clock,
      LongSupplier nanos,
      MeterRegistry metrics) {
    this.secrets = secrets;
    this.owners = owners;
    this.settings = settings;
    this.clock = clock;
    this.nanos = nanos;
    this.metrics = metrics;
    this.lastPass = new LastSuccess("values", metrics);
    this.gauge =
        Gauge.builder("chowder.values.halted", guard, a -> a.blocked().isPresent() ? 1 : 0)
            .register(metrics);
  }

  /** Starts to check all values at the interval, until closed. */
  public UnreferencedValues start() {
    passes.every(settings.interval(), this::passOrLog);
    return this;
  }

  @Override
  public void onNodeLost() {}

  @Override
  public void close() {
    passes.close();
    // The next node has this gauge, and a stale one on this node would be wrong.
    metrics.remove(gauge);
    lastPass.close();
  }

  /** Returns the deletions that are halted; empty if all unreferenced values are deleted. */
  public Optional<Reconciler.Halt> halt() {
    return guard
        .blocked()
        .map(
            blocked ->
                new Reconciler.Halt(
                    blocked.since(),
                    blocked.limit(),
                    blocked.ids().stream().map(owner -> "values of " + owner).toList()));
  }

  /** Permits the deletions of {@link #halt}; returns whether there were any. */
  public boolean release() {
    boolean released = guard.release();
    if (released) LOG.warn("event=values-released by an operator");
    return released;
  }

  private void passOrLog() {
    try {
      pass();
      lastPass.succeeded();
    } catch (RuntimeException | Error why) {
      LOG.warn("sweep=unreferenced values failed", why);
    }
  }

  void pass() {
    var now = nanos.getAsLong();
    var found = new HashMap<ValueId, Long>();
    var due = new ArrayList<ValueId>();
    // Owners of values that no later value replaced, and the subset for which a rejected change of
    // a caller is no explanation.
    var unreplaced = new HashSet<String>();
    var suspicious = new HashSet<String>();
    int checked = 0;
    for (var pages = new Pages(); pages.hasNext(); ) {
      var ids = pages.next();
      checked++;
      var owner = ids.getFirst().owner();
      var needs = owners.needs(owner, ids.stream().map(ValueId::name).collect(Collectors.toSet()));
      for (var id : ids) {
        var since = unreferenced.get(id);
        if (needs.names().test(id.name())) {
          // A pass without a reply of the owner keeps the time of the first pass.
          if (!needs.replied() && since != null) found.put(id, since);
          continue;
        }
        long first = since == null ? now : since;
        found.put(id, first);
        if (now - first < settings.minUnreferencedAge().toNanos()) continue;
        due.add(id);
        if (needs.known() && !isNewest(id, ids)) continue;
        unreplaced.add(owner);
        if (!needs.mayReject()) suspicious.add(owner);
      }
    }
    unreferenced = found;
    if (!guard.permits(suspicious, settings.massLimit(checked), clock.instant())) {
      LOG.error(
          "event=values-halted owners={} limit={}: cannot delete so many values that no event names:"
              + " database and journal may not belong together; compare them, then release",
          suspicious.size(),
          settings.massLimit(checked));
      due.removeIf(id -> unreplaced.contains(id.owner()));
    }
    for (var id : due) secrets.delete(id.owner(), id.name());
    if (!due.isEmpty()) LOG.info("event=values-deleted values={}", due.size());
  }

  /**
   * Returns whether no later value exists that could have replaced this one. Normally a value is
   * unreferenced because a later one was accepted. Versions sort by creation time.
   */
  private static boolean isNewest(ValueId id, List<ValueId> all) {
    return isVersioned(id)
        && all.stream()
            .filter(UnreferencedValues::isVersioned)
            .filter(other -> family(other).equals(family(id)))
            .allMatch(other -> other.name().compareTo(id.name()) <= 0);
  }

  private static boolean isVersioned(ValueId id) {
    var name = id.name();
    return name.startsWith(SecretNames.CONFIG_VALUES)
        || (name.startsWith(SecretNames.PROVIDER_KEYS)
            && name.indexOf('/', SecretNames.PROVIDER_KEYS.length()) > 0);
  }

  private static String family(ValueId id) {
    return id.name().substring(0, id.name().lastIndexOf('/'));
  }

  /** Iterates over all stored values, owner by owner. */
  private final class Pages {
    private List<ValueId> page = secrets.valueIds(Optional.empty(), settings.maxBatchSize());
    private int at;

    boolean hasNext() {
      return at < page.size();
    }

    List<ValueId> next() {
      var owner = page.get(at).owner();
      var ids = new ArrayList<ValueId>();
      while (hasNext() && page.get(at).owner().equals(owner)) {
        ids.add(page.get(at++));
        if (at == page.size()) {
          page = secrets.valueIds(Optional.of(ids.getLast()), settings.maxBatchSize());
          at = 0;
        }
      }
      return ids;
    }
  }
}
