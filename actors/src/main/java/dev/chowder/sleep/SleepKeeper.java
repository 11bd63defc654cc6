package dev.chowder.sleep;

import dev.chowder.base.RepeatingThread;
import dev.chowder.cluster.LastSuccess;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.SleepLevel;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sleep.Sleepers.Cause;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves sleeping gateways to deeper levels as they age or as memory becomes short: to swap first,
 * and off later. Compressed swap is memory of the host, so gateways in it end if memory stays
 * short. Handles one gateway at a time, because each takes processor time. Runs on one node of a
 * cluster.
 */
public final class SleepKeeper implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(SleepKeeper.class);

  private final Sleepers sleepers;
  private final SandboxEngine engine;
  private final DeeperSleepSettings settings;
  private final InstantSource clock;
  private final MeterRegistry metrics;
  private final LastSuccess passes;
  private final List<Gauge> gauges;
  private final RepeatingThread thread = new RepeatingThread("sleep-keeper");
  private volatile Map<SleepLevel, Long> levels = Map.of();

  /** Used by the thread only. */
  private final CompressedGain gain = new CompressedGain();

  public SleepKeeper(
      Sleepers sleepers,
      SandboxEngine engine,
      DeeperSleepSettings settings,
      InstantSource clock,
      MeterRegistry metrics) {
    this.sleepers = sleepers;
    this.engine = engine;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    this.passes = new LastSuccess("sleep", metrics);
    this.gauges =
        Stream.of(SleepLevel.FROZEN, SleepLevel.PAGED_OUT)
            .map(
                level ->
                    Gauge.builder(
                            "chowder.sleep.gateways",
                            this,
                            keeper -> keeper.levels.getOrDefault(level, 0L))
                        .description("Sleeping gateways at the last check")
                        .tag("level", level.label())
                        .register(metrics))
            .toList();
  }

  /** Starts a check now and then at the interval, until closed. */
  public SleepKeeper start() {
    thread.nowAndEvery(settings.checkInterval(), this::check);
    return this;
  }

  @Override
  public void onNodeLost() {
    // Another node has nothing to take over: the next check covers all sleeping gateways.
  }

  @Override
  public void close() {
    thread.close();
    // The next node has these gauges, and a stale one on this node would be wrong.
    gauges.forEach(metrics::remove);
    passes.close();
  }

  private void check() {
    try {
      var all = sleepers.inTurn();
      levels =
          all.stream()
              .collect(
                  Collectors.groupingBy(
                      view -> Sleepers.sleep(view).level(),
                      () -> new EnumMap<>(SleepLevel.class),
                      Collectors.counting()));
      deepen(all);
      passes.succeeded();
    } catch (InterruptedException closing) {
      Thread.currentThread().interrupt();
    } catch (SandboxException why) {
      LOG.warn("event=sleep-not-checked reason={} message={}", why.reason(), why.getMessage());
    } catch (RuntimeException | Error why) {
      LOG.warn("event=sleep-not-checked", why);
    }
  }

  private void deepen(List<InstanceView> all) throws InterruptedException {
    if (all.isEmpty()) return;
    var host = engine.host().capacity();
    // Read before the page-outs of this check, because they make tasks wait, too.
    boolean stalled =
        settings.stallPercent() > 0 && host.stalledPercent() >= settings.stallPercent();
    for (var view : all) {
      var due = due(view, host, isLow(host) || stalled);
      if (due.isEmpty()) continue;
      var step = due.get();
      var _ = sleepers.deepen(view, step.level(), step.cause(), settings.deepenTimeout());
      host = engine.host().capacity();
      // One gateway per check, until the kernel reports whether that was enough.
      if (step.cause() == Cause.PRESSURE) stalled = false;
    }
    endCompressed(all, host);
  }

  /**
   * Ends paged-out gateways while memory is short and compressed memory has them. All others have
   * made room before.
   */
  private void endCompressed(List<InstanceView> all, HostCapacity now) throws InterruptedException {
    var host = now;
    for (var view : all) {
      if (!isLow(host) || !gain.isLikely(host.compressedBytes())) return;
      var sleep = Sleepers.sleep(view);
      if (sleep.level() != SleepLevel.PAGED_OUT || sleep.isDeepening()) continue;
      var reached = sleepers.deepen(view, SleepLevel.OFF, Cause.PRESSURE, settings.deepenTimeout());
      var after = engine.host().capacity();
      if (reached.filter(level -> level == SleepLevel.OFF).isPresent()) {
        gain.add(host.compressedBytes() - after.compressedBytes());
      }
      host = after;
    }
  }

  private boolean isLow(HostCapacity host) {
    return host.availableBytes() < settings.lowMemory() * host.totalBytes();
  }

  private record Step(SleepLevel level, Cause cause) {}

  /** Returns the deeper level that is due for a sleeping gateway, if any. */
  private Optional<Step> due(InstanceView view, HostCapacity host, boolean memoryShort) {
    var sleep = Sleepers.sleep(view);
    if (sleep.isDeepening()) return Optional.empty();
    // A sleep that began far in the future began before the clock was set back.
    var age = Duration.between(sleep.since(), clock.instant()).abs();
    if (age.compareTo(settings.deepSleepDelay()) >= 0) {
      return Optional.of(new Step(SleepLevel.OFF, Cause.AGE));
    }
    if (sleep.level() != SleepLevel.FROZEN) return Optional.empty();
    boolean old = age.compareTo(settings.pageOutDelay()) >= 0;
    if (sleepers.canPageOut(view, host)) {
      return old || memoryShort
          ? Optional.of(new Step(SleepLevel.PAGED_OUT, old ? Cause.AGE : Cause.PRESSURE))
          : Optional.empty();
    }
    return memoryShort ? Optional.of(new Step(SleepLevel.OFF, Cause.PRESSURE)) : Optional.empty();
  }
}
