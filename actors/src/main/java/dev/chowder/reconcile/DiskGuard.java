package dev.chowder.reconcile;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.sandbox.SandboxException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stops the agents that fill the host's disk while it is almost full: those whose home volumes grew
 * most since the disk had space. Freezes each first, because a frozen agent writes nothing, and its
 * end needs writes of the database. Never stops more agents at once than a reconciliation pass may.
 */
final class DiskGuard {
  private static final Logger LOG = LoggerFactory.getLogger(DiskGuard.class);

  /** A home that grew by less than this part of the required free space did not fill the disk. */
  private static final int MIN_GROWTH_PART = 8;

  /** With the default interval, the homes are measured every two minutes. */
  private static final int MAX_CHECKS_WITHOUT_PASS = 60;

  private final HomeSizes homes;
  private final HostDisk disk;
  private final ReconcilerSettings limits;
  private final BiConsumer<InstanceView, String> stop;

  /** Agents that this pass stopped. */
  private final Set<InstanceId> stopped = new HashSet<>();

  /** Most free space since the last pass; the largest value if the disk had enough since. */
  private long freeSincePass = Long.MAX_VALUE;

  private int checksSincePass;

  private record Grown(InstanceView view, long bytes) {}

  /**
   * Creates the guard.
   *
   * @param stop stops an agent with {@code DISK_FULL}, for the reason given as a message, and
   *     returns when its instance knows it. Its processes may end later.
   */
  DiskGuard(
      HomeSizes homes,
      HostDisk disk,
      ReconcilerSettings limits,
      BiConsumer<InstanceView, String> stop) {
    this.homes = homes;
    this.disk = disk;
    this.limits = limits;
    this.stop = stop;
  }

  /** Stops agents if the disk is almost full, at once if it lost space since the last pass. */
  void check() {
    long free = disk.freeBytes();
    if (!disk.isLow()) {
      freeSincePass = Long.MAX_VALUE;
      return;
    }
    // Each measurement is a container, so a disk that stays low is not measured all the time.
    if (freeSincePass - free < minGrowth() && checksSincePass < MAX_CHECKS_WITHOUT_PASS) {
      freeSincePass = Math.max(freeSincePass, free);
      checksSincePass++;
      return;
    }
    checksSincePass = 0;
    stopGrown();
    freeSincePass = disk.freeBytes();
  }

  private void stopGrown() {
    stopped.clear();
    var running = homes.running();
    int most = limits.massLimit(running.size());
    var grown = new ArrayList<Grown>();
    var _ = homes.forEach(running, view -> measure(view, most, grown));
    long missing = disk.missingBytes();
    for (var each : largestFirst(grown)) {
      if (missing <= 0 || stopped.size() >= most) break;
      stop(each, most);
      missing -= each.bytes();
    }
  }

  private void measure(InstanceView view, int most, List<Grown> grown) {
    if (!disk.isLow()) return;
    homes
        .measure(view)
        .map(usage -> new Grown(view, homes.growth(view, usage)))
        .filter(one -> one.bytes() >= minGrowth())
        .ifPresent(
            one -> {
              // It alone took the space that is missing. The others are still being measured.
              if (one.bytes() >= disk.missingBytes()) stop(one, most);
              else
                synchronized (grown) {
                  grown.add(one);
                }
            });
  }

  private static List<Grown> largestFirst(List<Grown> grown) {
    return grown.stream().sorted(Comparator.comparingLong(Grown::bytes).reversed()).toList();
  }

  private long minGrowth() {
    return disk.minFreeBytes() / MIN_GROWTH_PART;
  }

  private void stop(Grown grown, int most) {
    var view = grown.view();
    synchronized (stopped) {
      if (stopped.size() >= most || !stopped.add(view.id())) return;
    }
    LOG.error("instance={} event=filled-disk bytes={}", view.id(), grown.bytes());
    // Before the freeze: a running instance treats a frozen gateway as crashed.
    stop.accept(
        view,
        cannot(
            "continue",
            "the host's disk is almost full, and the home volume grew by "
                + grown.bytes()
                + " bytes",
            "delete files, then recover"));
    try {
      homes.freeze(view);
    } catch (SandboxException why) {
      LOG.info("instance={} event=not-frozen: {}", view.id(), why.getMessage());
    }
  }
}
