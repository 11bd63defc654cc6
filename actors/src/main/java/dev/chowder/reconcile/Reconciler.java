package dev.chowder.reconcile;

import dev.chowder.cluster.SingletonDuty;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.rows.RowRepair;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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

  private final HostPortAccess hostPorts;
  private final PendingEffects pendingEffects;
  private final UnusedSlots slots;
  private final List<RowRepair> repairs;
  private final ReconcilerSettings settings;
  private final Clock clock;
  private final HostComparison host;
  private final SandboxEventQueue events;
  private final AtomicBoolean comparesSoon = new AtomicBoolean();
  private final CompletableFuture<Void> firstPass = new CompletableFuture<>();

  /** Not a {@code RepeatingThread}, because it also runs single passes after a delay. */
  private final ScheduledExecutorService passes =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("reconciler").factory());

  private final AutoCloseable stream;

  /**
   * Creates a reconciler.
   *
   * @param host comparison with the host, which this reconciler closes
   * @param pendingEffects the pending effects, which this reconciler starts and closes
   * @param repairs repairs of all rows that passes rely on
   */
  public Reconciler(
      HostComparison host,
      HostPortAccess hostPorts,
      PendingEffects pendingEffects,
      UnusedSlots slots,
      List<RowRepair> repairs,
      ReconcilerSettings settings,
      Clock clock) {
    this.host = host;
    this.hostPorts = hostPorts;
    this.pendingEffects = pendingEffects;
    this.slots = slots;
    this.repairs = List.copyOf(repairs);
    this.settings = settings;
    this.clock = clock;
    this.events =
        new SandboxEventQueue(
            settings.maxWaitingEvents(),
            settings.maxConcurrent(),
            this::observe,
            this::compareSoon);
    this.stream = host.events(event -> events.add(event.id()));
  }

  /** Starts a pass now and then at the interval, until closed. */
  public Reconciler start() {
    var _ =
        passes.scheduleWithFixedDelay(
            this::pass, 0, settings.interval().toMillis(), TimeUnit.MILLISECONDS);
    pendingEffects.start();
    // This node may have taken over because another node was lost.
    scheduleRepeat();
    return this;
  }

  @Override
  public void onNodeLost() {
    repairs.forEach(RowRepair::onNodeLost);
    try {
      pendingEffects.redispatchAll();
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
    var _ =
        passes.schedule(this::pass, settings.secondPassDelay().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    passes.shutdownNow();
    pendingEffects.close();
    host.close();
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

  private void pass() {
    var failed = new AtomicBoolean();
    // All other steps rely on the rows.
    repairs.forEach(repair -> step("stale rows", repair::check, failed));
    step(
        "instances",
        () -> {
          var live = host.live();
          var before = clock.instant().minus(settings.removalDelay());
          step("host ports", () -> hostPorts.reconcile(live, before), failed);
          step("host comparison", () -> host.compare(live), failed);
        },
        failed);
    firstPass.complete(null);
    step(
        "unused slots",
        () -> slots.releaseUnused(clock.instant().minus(settings.minUnusedSlotAge())),
        failed);
    // Last, since entities that did not reply before may never do so.
    repairs.forEach(repair -> step("stale rows of slow entities", repair::checkAgain, failed));
    if (!failed.get()) host.passes.succeeded();
  }

  /** Runs a step of a pass. A failure is logged, and the next pass tries again. */
  private static void step(String what, Runnable step, AtomicBoolean failed) {
    try {
      step.run();
    } catch (SandboxException why) {
      failed.set(true);
      LOG.warn("sweep={} reason={} message={}", what, why.reason(), why.getMessage());
    } catch (RuntimeException | Error why) {
      failed.set(true);
      LOG.warn("sweep={} failed", what, why);
    }
  }

  private void observe(SandboxId id) {
    step(
        "engine event",
        () -> {
          if (host.observe(id)) compareSoon();
        },
        new AtomicBoolean());
  }

  private void compareSoon() {
    if (!comparesSoon.compareAndSet(false, true)) return;
    try {
      var _ =
          passes.schedule(
              () -> {
                comparesSoon.set(false);
                step("host comparison", () -> host.compare(host.live()), new AtomicBoolean());
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
