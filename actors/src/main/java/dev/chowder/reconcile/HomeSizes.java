package dev.chowder.reconcile;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.HomeUsage;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.storage.InstanceRows;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * Measures the home volumes of agents, a few at once and each only once at a time. Remembers a size
 * of each, so that its growth is known. Does not know the limits.
 */
public final class HomeSizes {
  private final InstanceRows rows;
  private final Sandboxes sandboxes;
  private final DiskWatch.Settings settings;
  private final Map<InstanceId, Long> before = new ConcurrentHashMap<>();

  /** Two measurements of one home would remove each other's container. */
  private final Set<InstanceId> measured = ConcurrentHashMap.newKeySet();

  public HomeSizes(InstanceRows rows, Sandboxes sandboxes, DiskWatch.Settings settings) {
    this.rows = rows;
    this.sandboxes = sandboxes;
    this.settings = settings;
  }

  /** Returns all agents that run, and forgets the sizes of all others. */
  List<InstanceView> running() {
    var views = inStatus(Name.RUNNING);
    before.keySet().retainAll(views.stream().map(InstanceView::id).collect(Collectors.toSet()));
    return views;
  }

  /** Returns all agents that are stopped, asleep or not. */
  List<InstanceView> stopped() {
    return inStatus(Name.STOPPED);
  }

  private List<InstanceView> inStatus(Name status) {
    var views = new ArrayList<InstanceView>();
    rows.forEachLive(
        settings.maxBatchSize(),
        row -> {
          var view = InstanceReadRows.view(row);
          if (view.status().isSteady() && view.status().now() == status) views.add(view);
        });
    return views;
  }

  /**
   * Performs the action for each of these homes, a few at once, and logs failures. Returns whether
   * there were none.
   */
  boolean forEach(Collection<InstanceView> homes, Consumer<InstanceView> action) {
    return EachAlone.run("home", homes, settings.maxConcurrent(), action).isEmpty();
  }

  /** Measures a home; empty if there is none or if another thread measures it. */
  Optional<HomeUsage> measure(InstanceView view) {
    if (!measured.add(view.id())) return Optional.empty();
    try {
      return sandboxes.of(view.id().value(), view.profile().home()).measure(settings.limit());
    } finally {
      measured.remove(view.id());
    }
  }

  /** Freezes the processes of a running agent. */
  void freeze(InstanceView view) {
    sandboxes.of(view.id().value(), view.profile().home()).freeze(view.attempt());
  }

  /** Remembers the size from which the growth of a home counts. */
  void remember(InstanceView view, HomeUsage usage) {
    before.put(view.id(), usage.bytes());
  }

  /** Returns how much a home grew since its size was remembered: its whole size if it never was. */
  long growth(InstanceView view, HomeUsage usage) {
    return usage.bytes() - before.getOrDefault(view.id(), 0L);
  }
}
