package dev.chowder.pool;

import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.Profile;
import dev.chowder.pool.PoolDemand.Model;
import dev.chowder.pool.PoolDemand.Wanted;
import dev.chowder.storage.InstanceRows;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Counts the creates of all organizations, and derives from them the members that are wanted. Used
 * by one thread. Does not know which members exist.
 */
final class RecentCreates {
  /** Ids are issued up to this much before the row of their instance is written. */
  private static final Duration ROW_DELAY = Duration.ofSeconds(30);

  private final InstanceRows rows;
  private final PoolSettings settings;
  private final InstantSource clock;
  private final PoolDemand demand;

  /** Ids whose create is counted, so that overlapping queries do not count it twice. */
  private final Set<InstanceId> counted = new HashSet<>();

  private Instant createsUntil;

  /** The time of the last create, by organization. */
  private final Map<String, Instant> lastCreates = new HashMap<>();

  RecentCreates(InstanceRows rows, PoolSettings settings, InstantSource clock) {
    this.rows = rows;
    this.settings = settings;
    this.clock = clock;
    this.demand = new PoolDemand(settings.retention());
    this.createsUntil = clock.instant().minus(settings.retention());
  }

  /** Counts the creates since the last call. */
  void count() {
    var now = clock.instant();
    var from = createsUntil.minus(ROW_DELAY);
    for (var row : rows.newestSince(Ids.at(from, Ids.next()), settings.maxBatchSize())) {
      var id = new InstanceId(row.id());
      if (counted.add(id)) created(InstanceReadRows.view(row).profile());
    }
    createsUntil = now;
    var forgotten = from.minus(ROW_DELAY);
    counted.removeIf(id -> Ids.timeOf(id.value()).isBefore(forgotten));
  }

  /** Counts a create, unless it is counted already. */
  void count(InstanceId id, Profile profile) {
    if (counted.add(id)) created(profile);
  }

  private void created(Profile profile) {
    demand.created(profile);
    lastCreates.merge(
        profile.organizationId(),
        profile.createdAt(),
        (one, other) -> one.isAfter(other) ? one : other);
  }

  /** Returns the members that are wanted if a boot takes this long. */
  List<Wanted> wanted(Duration boot) {
    var wanted = demand.wanted(clock.instant(), boot);
    lastCreates
        .keySet()
        .retainAll(
            wanted.stream().map(one -> one.model().organizationId()).collect(Collectors.toSet()));
    return wanted;
  }

  /** Returns whether a caller may wait for a first answer. */
  boolean isSoonAfterACreate(Model model) {
    return isWithin(settings.bootDelay(), model.organizationId());
  }

  /** Returns whether the members of an organization keep their places. */
  boolean isCreating(String organizationId) {
    return isWithin(settings.idleTimeout(), organizationId);
  }

  private boolean isWithin(Duration time, String organizationId) {
    var last = lastCreates.getOrDefault(organizationId, Instant.EPOCH);
    var since = Duration.between(last, clock.instant());
    // A create in the future was before the clock was set back.
    return !since.isNegative() && since.compareTo(time) < 0;
  }
}
