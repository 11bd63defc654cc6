package dev.chowder.reconcile;

import dev.chowder.cluster.SingletonDuty;
import dev.chowder.hostport.HostPortAccess;
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
 * Reconciles the journal with the sandbox host, on one node of the cluster. Runs at startup, after
 * a node is lost, at an interval and on engine events. Repairs stale rows, reports observed states
 * to instances, releases unused slots, and re-dispatches pending effects whose messages may be
 * lost. Instances decide how to react. Untracked sandboxes are stopped and kept. If the engine does
 * not respond, nothing changes. {@link MassChangeGuard} can halt it.
 */
public final class Reconciler implements SingletonDuty.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(Reconciler.class);

  /** Delay of a comparison after an engine event, so that one comparison covers several events. */
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

  /** A separate thread, because a pass may wait for a slow engine. */
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
                    "chowder.reconciler.halted", host, h -> h.guard().blocked().isPresent() ? 1 : 0)
                .register(metrics));
    this.stream = driver.events(event -> events.add(event.id()));
  }

  /**
   * Starts a pass now and then at the interval, until closed.
   *
   * @param repairs repairs of all rows that passes rely on
   * @param own sandboxes that belong to no instance and are ignored
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
            () -> step("overdue effects", () -> reconciler.redispatchPending(remind)),
            remind.toMillis(),
            remind.toMillis(),
            TimeUnit.MILLISECONDS);
    // This node may have taken over because another node was lost.
    reconciler.scheduleRepeat();
    return reconciler;
  }

  @Override
  public void onNodeLost() {
    repairs.forEach(RowRepair::onNodeLost);
    try {
      redispatchAll();
      passes.execute(this::pass);
      scheduleRepeat();
    } catch (RejectedExecutionException closed) {
      LOG.debug("closed: the next node to reconcile starts with a pass");
    }
  }

  /**
   * Schedules another pass. Messages to instances that still seemed to be on the lost node were
   * lost.
   */
  private void scheduleRepeat() {
    var _ = passes.schedule(this::pass, settings.sweepAgain().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    passes.shutdownNow();
    redispatches.shutdownNow();
    // The next node has these gauges, and a stale one on this node would be wrong.
    gauges.forEach(metrics::remove);
    events.close();
    try {
      stream.close();
    } catch (Exception why) {
      LOG.warn("engine events not closed: {}", why.toString());
    }
  }

  /** Completes when the first pass has reported the observed states, or could not. */
  public CompletionStage<Void> firstPass() {
    return firstPass.minimalCompletionStage();
  }

  /**
   * Returns the untracked sandboxes and the home volumes that came back, as the last pass observed
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
   * @param why {@code no_journal}, or {@code home_reappeared} if a recover of the instance starts
   *     with the home volume
   * @param generation generation of its home volume; empty if there is none
   * @param since time of the first pass that found it
   * @param runs whether its process still runs
   */
  public record UnknownSandbox(
      SandboxId id, String why, Optional<Integer> generation, Instant since, boolean runs) {}

  /** Returns the destructive changes that are halted; empty if the reconciler is not halted. */
  public Optional<Halt> halt() {
    return host.guard().blocked().map(r -> new Halt(r.since(), r.limit(), List.copyOf(r.ids())));
  }

  /**
   * The changes that were halted.
   *
   * @param limit maximum number of changes at once
   * @param sandboxes sandboxes that would be declared lost, removed or stopped
   */
  public record Halt(Instant since, int limit, List<String> sandboxes) {}

  /** Permits the changes of {@link #halt}, for an operator; returns whether there were any. */
  public boolean release() {
    boolean released = host.guard().release();
    if (released) {
      LOG.warn("event=reconciler-released by an operator");
      compareSoon();
    }
    return released;
  }

  /**
   * Removes a sandbox that is in quarantine, its home volume included, for an operator.
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

  /**
   * Re-dispatches all pending effects of the rows. An instance with a stale row is re-dispatched by
   * the repair of its row.
   */
  private void redispatchAll() {
    redispatches.execute(() -> step("pending effects", () -> redispatchPending(Duration.ZERO)));
  }

  private void pass() {
    // All other steps rely on the rows.
    repairs.forEach(repair -> step("stale rows", repair::check));
    step(
        "instances",
        () -> {
          var live = host.live();
          var before = clock.instant().minus(settings.removalGrace());
          step("host ports", () -> hostPorts.reconcile(live, before));
          step("host comparison", () -> host.compare(live));
        });
    firstPass.complete(null);
    step("unused slots", () -> slots.releaseUnused(clock.instant().minus(settings.unbornGrace())));
    // Last, since entities that did not reply before may never do so.
    repairs.forEach(repair -> step("stale rows of slow entities", repair::checkAgain));
  }

  /** Runs a step of a pass. A failure is logged, and the next pass tries again. */
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
        "engine event",
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
                step("host comparison", () -> host.compare(host.live()));
              },
              SOON.toMillis(),
              TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("closing: no further comparison");
    }
  }

  /** Releases slots that no instance uses, because a crash prevented its create or its recover. */
  public interface UnusedSlots {
    /** Releases unused slots that were reserved before {@code olderThan}. */
    void releaseUnused(Instant olderThan);
  }
}
