package dev.chowder.effect;

import dev.chowder.cluster.SingletonDuty;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Instances;
import dev.chowder.rows.RowRepair;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings journal and sandboxes' host together, and is the sweep behind every deadline and every
 * message that can be lost: of one node for all, it wakes, at start, when a node is gone, at an
 * interval and on the engine's notices, instances that owe something, tells instances what is
 * really there, and settles slots that nobody uses. Each instance decides what a sight means to it;
 * what no journal accounts for is stopped and kept. An engine that cannot be asked changes nothing,
 * and a host that looks as if much were lost at once halts it ({@link MassChangeGuard}).
 */
public final class Reconciler implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

  /** Between a notice that needs a sweep and that sweep: others come along with it. */
  private static final Duration SOON = Duration.ofSeconds(1);

  private final Instances instances;
  private final InstanceRows rows;
  private final HostPortAccess hostPorts;
  private final UnusedSlots slots;
  private final List<RowRepair> repairs;
  private final ReconcilerSettings settings;
  private final Clock clock;
  private final HostComparison host;
  private final SandboxEventQueue events;
  private final AtomicBoolean comparesSoon = new AtomicBoolean();
  private final CompletableFuture<Void> firstPass = new CompletableFuture<>();
  private final ScheduledExecutorService passes = thread("reconciler");

  /** A thread of its own: a pass may wait for a slow engine. */
  private final ScheduledExecutorService redispatches = thread("redispatch");

  private final MeterRegistry metrics;
  private final List<Gauge> gauges;
  private final AutoCloseable stream;

  private Reconciler(
      Instances instances,
      InstanceRows rows,
      SandboxDriver driver,
      HostPortAccess hostPorts,
      UnusedSlots slots,
      List<RowRepair> repairs,
      Set<SandboxId> own,
      ReconcilerSettings settings,
      Clock clock,
      MeterRegistry metrics) {
    this.instances = instances;
    this.rows = rows;
    this.hostPorts = hostPorts;
    this.slots = slots;
    this.repairs = List.copyOf(repairs);
    this.settings = settings;
    this.clock = clock;
    this.host = new HostComparison(instances, rows, driver, own, settings, clock);
    this.events =
        new SandboxEventQueue(
            settings.notices(), settings.looks(), this::observe, this::compareSoon);
    this.metrics = metrics;
    this.gauges =
        List.of(
            Gauge.builder("chowder.sandboxes.unknown", host, h -> h.quarantine().all().size())
                .register(metrics),
            Gauge.builder(
                    "chowder.reconciler.halted", host, h -> h.guard().raised().isPresent() ? 1 : 0)
                .register(metrics));
    this.stream = driver.events(notice -> events.add(notice.id()));
  }

  /**
   * Sweeps now, and then at the interval, until closed.
   *
   * @param repairs of all rows that sweeps believe
   * @param own sandboxes that belong to no instance and are not to be looked at
   */
  public static Reconciler start(
      Instances instances,
      InstanceRows rows,
      SandboxDriver driver,
      HostPortAccess hostPorts,
      UnusedSlots slots,
      List<RowRepair> repairs,
      Set<SandboxId> own,
      ReconcilerSettings settings,
      Clock clock,
      MeterRegistry metrics) {
    var reconciler =
        new Reconciler(
            instances, rows, driver, hostPorts, slots, repairs, own, settings, clock, metrics);
    var _ =
        reconciler.passes.scheduleWithFixedDelay(
            reconciler::pass, 0, settings.interval().toMillis(), TimeUnit.MILLISECONDS);
    reconciler.redispatchAll();
    var remind = settings.remind();
    var _ =
        reconciler.redispatches.scheduleWithFixedDelay(
            () -> step("late instances", () -> reconciler.redispatchPending(remind)),
            remind.toMillis(),
            remind.toMillis(),
            TimeUnit.MILLISECONDS);
    // Whoever begins may do so because another node is gone.
    reconciler.scheduleRepeat();
    return reconciler;
  }

  @Override
  public void nodeGone() {
    repairs.forEach(RowRepair::nodeGone);
    try {
      redispatchAll();
      passes.execute(this::pass);
      scheduleRepeat();
    } catch (RejectedExecutionException closed) {
      LOG.debug("closed: whoever has the duty next begins with a sweep");
    }
  }

  /** What was told to instances that still seemed to be at the node that is gone went nowhere. */
  private void scheduleRepeat() {
    var _ = passes.schedule(this::pass, settings.sweepAgain().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    passes.shutdownNow();
    redispatches.shutdownNow();
    // The next node counts, and an old count beside it would be wrong.
    gauges.forEach(metrics::remove);
    events.close();
    try {
      stream.close();
    } catch (Exception why) {
      LOG.warn("notices not closed: {}", why.toString());
    }
  }

  /** Completes when the instances were told for the first time what is there, or could not be. */
  public CompletionStage<Void> firstPass() {
    return firstPass.minimalCompletionStage();
  }

  /**
   * Returns the sandboxes without a journal and the homes that came back, as the last pass saw
   * them.
   */
  public List<UnknownSandbox> unknown() {
    return host.quarantine().all().stream()
        .map(
            one ->
                new UnknownSandbox(
                    one.seen().id(),
                    one.why().name().toLowerCase(Locale.ROOT),
                    one.seen().home(),
                    one.since(),
                    one.runs()))
        .toList();
  }

  /**
   * A sandbox in quarantine.
   *
   * @param why {@code no_journal}, or {@code home_reappeared}: a recover of the instance starts
   *     with the home
   * @param generation of its home volume; empty if there is none
   * @param since when a pass saw it first
   * @param runs whether its process still runs
   */
  public record UnknownSandbox(
      SandboxId id, String why, Optional<Integer> generation, Instant since, boolean runs) {}

  /** Why it gives up and takes away nothing now; empty: it does. */
  public Optional<Halt> halt() {
    return host.guard().raised().map(r -> new Halt(r.since(), r.limit(), List.copyOf(r.ids())));
  }

  /** More than {@code limit} at once: {@code sandboxes} would be given up or taken away. */
  public record Halt(Instant since, int limit, List<String> sandboxes) {}

  /** An operator's: what {@link #halt} names may happen. Whether there was anything. */
  public boolean release() {
    boolean released = host.guard().release();
    if (released) {
      LOG.warn("event=reconciler-released by an operator");
      compareSoon();
    }
    return released;
  }

  /**
   * Removes a sandbox that is in quarantine, its home included, for an operator.
   *
   * @return false if it belongs to an instance, which must be deleted instead
   */
  public boolean remove(SandboxId id) {
    if (!host.removeQuarantined(id)) return false;
    LOG.warn("sandbox={} event=removed by an operator", id);
    compareSoon();
    return true;
  }

  private static ScheduledExecutorService thread(String name) {
    return Executors.newSingleThreadScheduledExecutor(
        Thread.ofPlatform().daemon().name(name).factory());
  }

  /** Re-dispatches all pending effects. The repair of a stale row does that for its instance. */
  private void redispatchAll() {
    redispatches.execute(() -> step("pending effects", () -> redispatchPending(Duration.ZERO)));
  }

  private void pass() {
    // All other steps believe the rows.
    repairs.forEach(repair -> step("rows behind the journal", repair::check));
    step(
        "instances",
        () -> {
          var live = host.live();
          var before = clock.instant().minus(settings.removalGrace());
          step("host ports", () -> hostPorts.reconcile(live, before));
          step("real state", () -> host.compare(live));
        });
    firstPass.complete(null);
    step("slots", () -> slots.releaseUnused(clock.instant().minus(settings.unbornGrace())));
    // Last, since entities that did not answer before may never do so.
    repairs.forEach(repair -> step("rows that were not repaired", repair::checkAgain));
  }

  /** One failing step must not end the sweeps: the next sweep tries it again. */
  private static void step(String what, Runnable step) {
    try {
      step.run();
    } catch (SandboxException why) {
      LOG.warn("sweep={} reason={} message={}", what, why.reason(), why.getMessage());
    } catch (RuntimeException why) {
      LOG.warn("sweep={} failed", what, why);
    }
  }

  private void redispatchPending(Duration atLeastFor) {
    var now = clock.instant();
    var after = Optional.<InstanceRows.Pending>empty();
    while (true) {
      var page = rows.pending(now, atLeastFor, settings.batch(), after);
      for (var one : page) {
        instances.tell(
            new InstanceId(one.id()), new InstanceCommand.Redispatch(now, settings.overdue()));
      }
      if (page.size() < settings.batch()) return;
      after = Optional.of(page.getLast());
    }
  }

  private void observe(SandboxId id) {
    step(
        "notice",
        () -> {
          if (host.observe(id)) compareSoon();
        });
  }

  private void compareSoon() {
    if (!comparesSoon.compareAndSet(false, true)) return;
    try {
      var _ =
          passes.schedule(
              () -> {
                comparesSoon.set(false);
                step("real state", () -> host.compare(host.live()));
              },
              SOON.toMillis(),
              TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("closing: no further sweep");
    }
  }

  /** Slots that no instance uses: a crash kept it from being born, or from another life. */
  public interface UnusedSlots {
    /** Gives up those that were reserved before {@code olderThan}. */
    void releaseUnused(Instant olderThan);
  }
}
