package dev.chowder.pool;

import dev.chowder.instance.Profile;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Computes from recent creates how many members are wanted. The number for a model of an
 * organization is that of the creates within the time of one boot, since that many would find no
 * replacement. Not safe for concurrent use.
 */
final class PoolDemand {
  /** More creates are never counted. Pools are smaller, because each member takes memory. */
  private static final int REMEMBERED = 100;

  private final Duration keepFor;
  private final Map<Model, Creates> byModel = new HashMap<>();

  PoolDemand(Duration keepFor) {
    this.keepFor = keepFor;
  }

  /** A model of an organization, and a variant of the sandbox image, as callers request them. */
  record Model(String organizationId, String provider, String model, String sandboxImage) {
    static Model of(Profile profile) {
      return new Model(
          profile.organizationId(),
          profile.model().provider(),
          profile.model().model(),
          profile.sandboxImage());
    }
  }

  /**
   * How many members of a model are wanted.
   *
   * @param like profile of the last create, whose region and versions members get
   */
  record Wanted(Model model, int members, Profile like) {}

  private static final class Creates {
    private final Deque<Instant> times = new ArrayDeque<>();
    private Profile last;

    Creates(Profile first) {
      last = first;
    }

    void add(Profile created) {
      if (!created.createdAt().isBefore(last.createdAt())) last = created;
      times.addLast(created.createdAt());
      if (times.size() > REMEMBERED) times.removeFirst();
    }
  }

  /**
   * Counts a create. Its model is the one that it uses, whether the caller or a default named it.
   */
  void created(Profile profile) {
    byModel.computeIfAbsent(Model.of(profile), _ -> new Creates(profile)).add(profile);
  }

  /**
   * Returns the wanted members, the models that were used last first. Forgets creates that differ
   * from {@code now} by more than {@code keepFor}; those in the future were before the clock was
   * set back.
   *
   * @param boot time that a replacement takes
   */
  List<Wanted> wanted(Instant now, Duration boot) {
    byModel
        .values()
        .forEach(
            creates ->
                creates.times.removeIf(
                    at -> Duration.between(at, now).abs().compareTo(keepFor) > 0));
    byModel.values().removeIf(creates -> creates.times.isEmpty());
    var all = new ArrayList<Wanted>();
    byModel.forEach(
        (model, creates) ->
            all.add(new Wanted(model, mostWithin(boot, creates.times), creates.last)));
    all.sort(
        Comparator.comparing((Wanted one) -> one.like().createdAt())
            .reversed()
            .thenComparing(one -> one.model().organizationId()));
    return all;
  }

  /** Returns the largest number of times within any period of this length. */
  private static int mostWithin(Duration period, Deque<Instant> times) {
    var sorted = times.stream().sorted().toList();
    int most = 0;
    int first = 0;
    for (int last = 0; last < sorted.size(); last++) {
      while (first < last && sorted.get(first).plus(period).isBefore(sorted.get(last))) first++;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }
}
