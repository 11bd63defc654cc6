package dev.chowder.sleep;

import static java.util.Comparator.comparing;
import static java.util.stream.Collectors.toSet;

import dev.chowder.base.Labelled;
import dev.chowder.base.Turns;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.instance.Sleep;
import dev.chowder.instance.SleepLevel;
import dev.chowder.sandbox.HostCapacity;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lists the sleeping gateways and moves them to deeper levels. Each instance decides whether it
 * does so, because it may be waking. Does not decide when a level is due.
 */
public final class Sleepers {
  private static final Logger LOG = LoggerFactory.getLogger(Sleepers.class);

  /** Why a gateway moves to a deeper level. */
  enum Cause implements Labelled {
    /** It has slept for long enough. */
    AGE,
    /** The host's memory is short. */
    PRESSURE,
    /** A start needs memory. */
    START
  }

  private final Instances instances;
  private final InstanceRows rows;
  private final DeeperSleepSettings settings;
  private final InstantSource clock;
  private final MeterRegistry metrics;

  /**
   * Gateways whose memory stayed resident, and when a page-out may be tried again, by {@link
   * System#nanoTime}.
   */
  private final Map<InstanceId, Long> stayed = new ConcurrentHashMap<>();

  /** The turns of organizations whose gateways gave way. */
  private final Turns turns = new Turns();

  public Sleepers(
      Instances instances,
      InstanceRows rows,
      DeeperSleepSettings settings,
      InstantSource clock,
      MeterRegistry metrics) {
    this.instances = instances;
    this.rows = rows;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    for (var level : List.of(SleepLevel.PAGED_OUT, SleepLevel.OFF)) {
      for (var cause : Cause.values()) counter(level, cause);
    }
  }

  /**
   * Returns the instances that hold sleeping processes, those of an organization that sleep longest
   * first. Organizations take turns, so that none loses all of its sleeping gateways before others
   * lose one. Forgets the failed page-outs of all other instances.
   */
  List<InstanceView> inTurn() {
    var sleeping = new ArrayList<InstanceView>();
    rows.forEachLive(
        settings.maxBatchSize(),
        row -> {
          if (!row.status().equals(Name.STOPPED.label())) return;
          var view = InstanceReadRows.view(row);
          if (view.sleep().filter(Sleep::holdsProcesses).isPresent()) sleeping.add(view);
        });
    sleeping.sort(comparing(view -> sleep(view).since()));
    stayed.keySet().retainAll(sleeping.stream().map(InstanceView::id).collect(toSet()));
    return turns.order(sleeping, view -> view.profile().organizationId());
  }

  static Sleep sleep(InstanceView view) {
    return view.sleep().orElse(Sleep.OFF);
  }

  /** Returns whether a page-out of this gateway can free memory. */
  boolean canPageOut(InstanceView view, HostCapacity host) {
    var memory = sleep(view).memory();
    var retryAt = stayed.get(view.id());
    return sleep(view).level() == SleepLevel.FROZEN
        && host.swapFreeBytes() > 0
        && host.swapFreeBytes() >= memory.residentBytes()
        && (retryAt == null || System.nanoTime() - retryAt >= 0);
  }

  /**
   * Moves a gateway to a deeper level and waits for it. Does nothing if it was woken since the
   * view.
   *
   * @param limit maximum time of the wait
   * @return the level afterwards; empty if the gateway no longer sleeps, or if the level is unknown
   *     because the limit passed
   */
  Optional<SleepLevel> deepen(InstanceView view, SleepLevel level, Cause cause, Duration limit)
      throws InterruptedException {
    var id = view.id();
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      // The row may be old. An instance that was woken and stopped since began another sleep.
      var current = accepted(instances.ask(id, InstanceCommand.Get::new), deadline);
      if (current.filter(one -> isSameSleep(one, view)).isEmpty()) return Optional.empty();
      var asked =
          accepted(
              instances.ask(
                  id, replyTo -> new InstanceCommand.Deepen(level, clock.instant(), replyTo)),
              deadline);
      if (asked.isEmpty()) return Optional.empty();
      var reached =
          accepted(
                  instances.await(
                      id,
                      one -> !isSameSleep(one, view) || !sleep(one).isDeepening(),
                      new InstanceReply.Accepted(asked.get()),
                      Duration.ofNanos(Math.max(1, deadline - System.nanoTime()))),
                  deadline + TimeUnit.SECONDS.toNanos(1))
              .filter(one -> isSameSleep(one, view) && !sleep(one).isDeepening())
              .map(one -> sleep(one).level());
      reached.ifPresent(got -> record(view, level, got, cause));
      return reached;
    } catch (TimeoutException late) {
      return Optional.empty();
    } catch (ExecutionException failed) {
      LOG.warn(
          "instance={} event=sleep-not-deepened why={}", id, String.valueOf(failed.getCause()));
      return Optional.empty();
    }
  }

  private static boolean isSameSleep(InstanceView one, InstanceView before) {
    return one.attempt() == before.attempt()
        && one.status().now() == Name.STOPPED
        && one.status().isSteady();
  }

  private void record(InstanceView view, SleepLevel wanted, SleepLevel reached, Cause cause) {
    var id = view.id();
    if (wanted.isDeeperThan(reached)) {
      stayed.put(id, System.nanoTime() + settings.pageOutDelay().toNanos());
    } else {
      stayed.remove(id);
      if (cause != Cause.AGE) turns.took(view.profile().organizationId());
      counter(reached, cause).increment();
      LOG.info(
          "instance={} event=sleep-deepened level={} cause={}", id, reached.label(), cause.label());
    }
  }

  private Counter counter(SleepLevel level, Cause cause) {
    return Counter.builder("chowder.sleep.deepened")
        .description("Sleeping gateways that were moved to a deeper level")
        .tag("level", level.label())
        .tag("cause", cause.label())
        .register(metrics);
  }

  private static Optional<InstanceView> accepted(
      CompletionStage<InstanceReply> reply, long deadline)
      throws InterruptedException, ExecutionException, TimeoutException {
    return reply
                .toCompletableFuture()
                .get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS)
            instanceof InstanceReply.Accepted(var view)
        ? Optional.of(view)
        : Optional.empty();
  }
}
