package dev.chowder.reconcile;

import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.organization.OrganizationCommand;
import dev.chowder.organization.OrganizationReply;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Organizations;
import dev.chowder.organization.Standing;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import dev.chowder.secret.SecretStore.ValueId;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
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
  private final InstanceRows rows;
  private final Instances instances;
  private final Organizations organizations;
  private final ValueSettings settings;
  private final Clock clock;
  private final LongSupplier nanos;
  private final MeterRegistry metrics;
  private final Gauge gauge;
  private final MassChangeGuard guard = new MassChangeGuard();
  private final ScheduledExecutorService passes =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("unreferenced-values").factory());

  /** Time of the first pass that found each value unreferenced, by {@link #nanos}. */
  private Map<ValueId, Long> unreferenced = Map.of();

  UnreferencedValues(
      SecretStore secrets,
      InstanceRows rows,
      Instances instances,
      Organizations organizations,
      ValueSettings settings,
      Clock clock,
      LongSupplier nanos,
      MeterRegistry metrics) {
    this.secrets = secrets;
    this.rows = rows;
    this.instances = instances;
    this.organizations = organizations;
    this.settings = settings;
    this.clock = clock;
    this.nanos = nanos;
    this.metrics = metrics;
    this.gauge =
        Gauge.builder("chowder.values.halted", guard, a -> a.blocked().isPresent() ? 1 : 0)
            .register(metrics);
  }

  /** Starts to check all values at the interval, until closed. */
  public static UnreferencedValues start(
      SecretStore secrets,
      InstanceRows rows,
      Instances instances,
      Organizations organizations,
      ValueSettings settings,
      Clock clock,
      MeterRegistry metrics) {
    var values =
        new UnreferencedValues(
            secrets, rows, instances, organizations, settings, clock, System::nanoTime, metrics);
    var interval = settings.interval().toMillis();
    var _ =
        values.passes.scheduleWithFixedDelay(
            values::passOrLog, interval, interval, TimeUnit.MILLISECONDS);
    return values;
  }

  @Override
  public void onNodeLost() {}

  @Override
  public void close() {
    passes.shutdownNow();
    // The next node has this gauge, and a stale one on this node would be wrong.
    metrics.remove(gauge);
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
    } catch (RuntimeException why) {
      LOG.warn("sweep=unreferenced values failed", why);
    }
  }

  /**
   * The values that one owner needs.
   *
   * @param known whether the journal knows the owner
   * @param replied whether the owner replied; otherwise it counts as needing all values
   * @param names whether the owner needs the value of this name
   * @param mayReject whether callers may have caused an unreferenced value that is newer than all
   *     others, by a rejected change; otherwise it is a sign of an older journal
   */
  private record Needs(boolean known, boolean replied, Predicate<String> names, boolean mayReject) {
    static Needs unknown() {
      return new Needs(true, false, _ -> true, false);
    }

    static Needs ofUnknownOwner() {
      return new Needs(false, true, _ -> false, false);
    }

    static Needs ofInstance(Predicate<String> names) {
      return new Needs(true, true, names, false);
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
    int owners = 0;
    for (var pages = new Pages(); pages.hasNext(); ) {
      var ids = pages.next();
      owners++;
      var owner = ids.getFirst().owner();
      var needs = needs(owner, ids.stream().map(ValueId::name).collect(Collectors.toSet()));
      for (var id : ids) {
        var since = unreferenced.get(id);
        if (needs.names().test(id.name())) {
          // A pass without a reply of the owner keeps the time of the first pass.
          if (!needs.replied() && since != null) found.put(id, since);
          continue;
        }
        long first = since == null ? now : since;
        found.put(id, first);
        if (now - first < settings.grace().toNanos()) continue;
        due.add(id);
        if (needs.known() && !isNewest(id, ids)) continue;
        unreplaced.add(owner);
        if (!needs.mayReject()) suspicious.add(owner);
      }
    }
    unreferenced = found;
    if (!guard.permits(suspicious, settings.massLimit(owners), clock.instant())) {
      LOG.error(
          "event=values-halted owners={} limit={}: cannot delete so many values that no event names:"
              + " database and journal may not belong together; compare them, then release",
          suspicious.size(),
          settings.massLimit(owners));
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

  private Needs needs(String owner, Set<String> names) {
    try {
      return names.stream().anyMatch(name -> name.startsWith(SecretNames.PROVIDER_KEYS))
          ? organization(owner, names)
          : instance(new InstanceId(owner), names);
    } catch (RuntimeException why) {
      LOG.warn("owner={} sweep=unreferenced values: no reply: {}", owner, why.toString());
      return Needs.unknown();
    }
  }

  private Needs organization(String id, Set<String> names) {
    var reply = organizations.ask(id, OrganizationCommand.Get::new).toCompletableFuture().join();
    return switch (reply) {
      case OrganizationReply.Accepted(var view) -> {
        var keys = keys(view);
        // An accepted key deletes the one that it replaces. If the journal names a key that is
        // missing, the journal is older than the keys.
        yield new Needs(true, true, keys::contains, names.containsAll(keys));
      }
      case OrganizationReply.Refused _ -> Needs.ofUnknownOwner();
      case OrganizationReply.Slots _ -> Needs.unknown();
    };
  }

  private static Set<String> keys(OrganizationView view) {
    if (view.standing() == Standing.DELETED) return Set.of();
    return view.keys().entrySet().stream()
        .map(key -> key.getKey().secretName(key.getValue()))
        .collect(Collectors.toSet());
  }

  private Needs instance(InstanceId id, Set<String> names) {
    var row = rows.get(id.value()).map(InstanceReadRows::view);
    // Most owners need all their values, so only the others are queried.
    if (row.isPresent() && !row.get().isTerminated()) {
      var view = row.get();
      if (names.stream().allMatch(name -> needs(view, name))) {
        return Needs.ofInstance(_ -> true);
      }
    }
    var reply = instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
    return switch (reply) {
      case InstanceReply.Accepted(var view) -> Needs.ofInstance(name -> needs(view, name));
      case InstanceReply.Refused _, InstanceReply.Done _ -> Needs.ofUnknownOwner();
    };
  }

  /**
   * Returns whether the instance needs the value. A deleted instance needs its secrets until its
   * sandbox is removed, which also removes them.
   */
  private static boolean needs(InstanceView view, String name) {
    if (view.isTerminated()) return view.effectPending();
    var config = view.profile().config();
    if (name.startsWith(SecretNames.CONFIG_VALUES)) {
      return config.referenced().contains(name.substring(SecretNames.CONFIG_VALUES.length()));
    }
    if (name.equals(SecretNames.overrides(SecretNames.UNVERSIONED))) {
      return config.overrides().version().equals(SecretNames.UNVERSIONED);
    }
    var beginning = SecretNames.channel("", SecretNames.UNVERSIONED);
    return !name.startsWith(beginning)
        || SecretNames.UNVERSIONED.equals(
            config.channels().get(name.substring(beginning.length())));
  }

  /** Iterates over all stored values, owner by owner. */
  private final class Pages {
    private List<ValueId> page = secrets.valueIds(Optional.empty(), settings.batch());
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
          page = secrets.valueIds(Optional.of(ids.getLast()), settings.batch());
          at = 0;
        }
      }
      return ids;
    }
  }
}
