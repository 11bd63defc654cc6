package dev.chowder.pool;

import dev.chowder.base.Ids;
import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.LastSuccess;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.PoolSetup;
import dev.chowder.pool.PoolCandidates.Candidate;
import dev.chowder.pool.PoolDemand.Model;
import dev.chowder.pool.PoolDemand.Wanted;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps as many pool members as recent creates suggest, within the limits of the organization and
 * of the host's memory. Replaces members that are old or have another setup than a create would
 * provision. Runs on one node of a cluster.
 */
public final class PoolKeeper implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(PoolKeeper.class);

  /** The boot of a member until one was measured. */
  private static final Duration FIRST_BOOT = Duration.ofSeconds(15);

  /** Far more than a boot on an overloaded machine. A longer time was measured wrongly. */
  private static final Duration MAX_BOOT = Duration.ofMinutes(5);

  /** How often members are searched that this keeper does not know. */
  private static final Duration FIND_EVERY = Duration.ofMinutes(1);

  /**
   * A member that exceeds its maximum age by more than this share is discarded, even without a
   * replacement.
   */
  private static final double OVERAGE = 0.1;

  private final PoolMembers members;
  private final RecentCreates creates;
  private final PoolCandidates candidates;
  private final MemberAdmission admission;
  private final PoolSettings settings;
  private final InstantSource clock;
  private final MeterRegistry metrics;
  private final LastSuccess passes;
  private final List<Gauge> gauges;
  private final MemberFailures failures;

  /** Since when a member of a model is missing, by {@link System#nanoTime}. */
  private final Map<Model, Long> missingSince = new HashMap<>();

  /** The members that the last check found. */
  private volatile Map<InstanceId, InstanceView> known = Map.of();

  private long findAt = System.nanoTime();
  private Duration boot = FIRST_BOOT;
  private final RepeatingThread thread = new RepeatingThread("pool-keeper");

  /** Tells what creates of an organization provision now. */
  @FunctionalInterface
  public interface Setups {
    /**
     * Returns what a create with this provider, model and image would provision; empty if the
     * organization could not create it. May block.
     */
    Optional<Offer> current(
        String organizationId, String provider, String model, String sandboxImage);
  }

  /**
   * What an organization can create.
   *
   * @param freeSlots number of instances that it may still create
   */
  public record Offer(PoolSetup setup, int freeSlots) {}

  public PoolKeeper(
      PoolMembers members,
      InstanceRows rows,
      Setups setups,
      MemberAdmission admission,
      PoolSettings settings,
      InstantSource clock,
      MeterRegistry metrics) {
    this.members = members;
    this.creates = new RecentCreates(rows, settings, clock);
    this.candidates = new PoolCandidates(setups, creates::isCreating, settings.maxSize());
    this.admission = admission;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    this.passes = new LastSuccess("pool", metrics);
    this.failures = new MemberFailures(settings);
    this.gauges =
        List.of(
            Gauge.builder("chowder.pool.oldest.seconds", this, PoolKeeper::oldestSeconds)
                .description("Age of the oldest pool member; 0 if there is none")
                .register(metrics));
  }

  /** Starts a check now and then at the interval, until closed. */
  public PoolKeeper start() {
    thread.nowAndEvery(settings.checkInterval(), this::check);
    return this;
  }

  @Override
  public void onNodeLost() {
    // The next check finds the members that were lost with the node.
  }

  @Override
  public void close() {
    thread.close();
    // The next node has these gauges, and a stale one on this node would be wrong.
    gauges.forEach(metrics::remove);
    passes.close();
  }

  private double oldestSeconds() {
    return known.values().stream()
        .map(one -> one.profile().createdAt())
        .min(Instant::compareTo)
        .map(since -> Math.max(0, Duration.between(since, clock.instant()).toMillis() / 1000.0))
        .orElse(0.0);
  }

  /** Finds the members of an earlier keeper, and those whose creation was not confirmed in time. */
  private void findMembers() {
    if (System.nanoTime() - findAt < 0) return;
    if (members.exist()) members.all(settings.maxBatchSize()).forEach(this::know);
    findAt = System.nanoTime() + FIND_EVERY.toNanos();
  }

  private void check() {
    try {
      findMembers();
      creates.count();
      refresh();
      adjust();
      passes.succeeded();
    } catch (SandboxException why) {
      LOG.warn("event=pool-not-checked reason={} message={}", why.reason(), why.getMessage());
    } catch (RuntimeException | Error why) {
      LOG.warn("event=pool-not-checked", why);
    }
  }

  /** Reads the state of each known member, and counts those that creates have claimed. */
  private void refresh() {
    var now = new LinkedHashMap<InstanceId, InstanceView>();
    for (var before : known.values()) {
      try {
        members
            .current(before.id())
            .flatMap(view -> refreshed(before, view))
            .ifPresent(member -> now.put(member.id(), member));
      } catch (IllegalStateException noReply) {
        // The other members must still be checked.
        LOG.warn(
            "instance={} event=pool-member-not-checked why={}", before.id(), noReply.toString());
        now.put(before.id(), before);
      }
    }
    known = now;
  }

  /** Returns the member as it is now; empty if it is none any more. */
  private Optional<InstanceView> refreshed(InstanceView before, InstanceView now) {
    if (now.isListed()) {
      creates.count(before.id(), now.profile());
      return Optional.empty();
    }
    if (now.isTerminated()) {
      if (now.errorReason().isPresent()) {
        failures.failed(Model.of(before.profile()));
      }
      return Optional.empty();
    }
    if (isWarming(before) && !isWarming(now)) pooled(now);
    return Optional.of(now);
  }

  private void pooled(InstanceView member) {
    failures.booted(Model.of(member.profile()));
    var took = Duration.between(member.profile().createdAt(), member.profile().updatedAt());
    LOG.info("instance={} event=pooled after_ms={}", member.id(), took.toMillis());
    // Two nodes measure it, whose clocks may differ.
    if (took.isPositive()) boot = took.compareTo(MAX_BOOT) < 0 ? took : MAX_BOOT;
  }

  private static boolean isWarming(InstanceView view) {
    return view.status().now() == Name.WARMING;
  }

  /** Discards the members that are not wanted, and creates one that is missing. */
  private void adjust() {
    var wanted = admission.isEnabled() ? wanted() : new ArrayList<Wanted>();
    if (known.isEmpty() && wanted.isEmpty()) return;
    var host = admission.capacity();
    var missing = new ArrayList<Missing>();
    var kept = new HashSet<InstanceId>();
    int allowed = admission.allowed(host);
    // While a model is paused after failures, no member of it boots, so it must take no share from
    // others.
    wanted.removeIf(
        one -> failures.isPaused(one.model()) && ofModel(one.model()).findAny().isEmpty());
    var found =
        candidates.find(
            wanted,
            allowed,
            model -> ofModel(model).findAny().isPresent(),
            model -> (int) unchanged(model).count());
    var shares = PoolShares.divide(found.stream().map(Candidate::claimant).toList(), allowed);
    for (var one : found) {
      int share = shares.getOrDefault(one.wanted().model(), 0);
      if (one.setup().isEmpty()) {
        unchanged(one.wanted().model()).limit(share).forEach(member -> kept.add(member.id()));
        continue;
      }
      var setup = one.setup().get();
      int young = keep(one.wanted(), setup, share, kept);
      if (young < share) missing.add(new Missing(one.wanted(), setup));
    }
    for (var id : known.keySet()) {
      if (kept.contains(id)) continue;
      members.discard(id);
    }
    create(missing, host);
  }

  /** Returns the members of a model that stay as they are while its organization does not reply. */
  private Stream<InstanceView> unchanged(Model model) {
    return ofModel(model).filter(one -> !isOlder(one, 1 + OVERAGE));
  }

  private record Missing(Wanted wanted, PoolSetup setup) {
    Model model() {
      return wanted.model();
    }
  }

  private List<Wanted> wanted() {
    var wanted = creates.wanted(boot);
    var models = wanted.stream().map(Wanted::model).toList();
    failures.retain(models);
    missingSince.keySet().retainAll(models);
    return wanted;
  }

  /**
   * Chooses the members of a model that stay, and returns how many of them are not too old. An old
   * one stays until its replacement can be claimed.
   */
  private int keep(Wanted wanted, PoolSetup setup, int target, Set<InstanceId> kept) {
    var fitting =
        ofModel(wanted.model())
            .filter(one -> one.member().filter(setup::equals).isPresent())
            .toList();
    var young = fitting.stream().filter(one -> !isOlder(one, 1)).limit(target).toList();
    young.forEach(one -> kept.add(one.id()));
    long ready = young.stream().filter(one -> !isWarming(one)).count();
    fitting.stream()
        .filter(one -> isOlder(one, 1) && !isOlder(one, 1 + OVERAGE))
        .limit(Math.max(0, target - ready))
        .forEach(one -> kept.add(one.id()));
    return young.size();
  }

  private Stream<InstanceView> ofModel(Model model) {
    return known.values().stream().filter(one -> Model.of(one.profile()).equals(model));
  }

  /** Returns whether a member is older than this multiple of the maximum age. */
  private boolean isOlder(InstanceView member, double multiple) {
    var age = Duration.between(member.profile().createdAt(), clock.instant());
    // A member from the future is older than a clock that was set back, by an unknown time.
    return age.isNegative() || age.toMillis() > settings.maxAge().toMillis() * multiple;
  }

  /** Creates the first of these members that may boot now. */
  private void create(List<Missing> missing, HostCapacity host) {
    missingSince.keySet().retainAll(missing.stream().map(Missing::model).toList());
    missing.forEach(one -> missingSince.putIfAbsent(one.model(), System.nanoTime()));
    if (missing.isEmpty()) return;
    long warming = known.values().stream().filter(PoolKeeper::isWarming).count();
    if (warming >= settings.maxConcurrent()) return;
    if (!admission.mayBoot(host)) return;
    boolean busy = admission.isBusy();
    var id = new InstanceId(Ids.next());
    missing.stream()
        .filter(one -> !failures.isPaused(one.model()))
        .filter(one -> hasWaited(one.model()) || !(busy || creates.isSoonAfterACreate(one.model())))
        .findFirst()
        // Last, because it reserves memory. Without the spare memory, the member could take the
        // memory for which another one was discarded.
        .filter(_ -> admission.reserve(id))
        .ifPresent(one -> create(id, one));
  }

  private void create(InstanceId id, Missing missing) {
    // The next one waits, too. Otherwise a large pool would take all processors of a busy fleet.
    missingSince.remove(missing.model());
    try {
      members.create(id, missing.wanted().like(), missing.setup()).ifPresent(this::know);
    } catch (IllegalStateException noReply) {
      // The member may exist. It is found later.
      LOG.warn("event=pool-member-not-known why={}", noReply.toString());
      failures.failed(missing.model());
    }
  }

  private void know(InstanceView member) {
    var all = new LinkedHashMap<>(known);
    all.putIfAbsent(member.id(), member);
    known = all;
  }

  /**
   * Returns whether a member of this model no longer waits for callers. Without this limit, a fleet
   * that always creates would have no pool.
   */
  private boolean hasWaited(Model model) {
    var since = missingSince.get(model);
    return since != null && System.nanoTime() - since >= settings.maxBootDelay().toNanos();
  }
}
