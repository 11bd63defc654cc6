package dev.chowder.effect;

import dev.chowder.cluster.OnePerCluster;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Instances;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sweep behind every deadline and every message that can be lost, of one node for all: at
 * start, when a node is gone, at an interval and on the engine's notices it wakes instances that
 * owe something, tells instances what is really there, and settles slots that nobody uses. It
 * changes nothing itself: each instance decides what a sight means. An engine that cannot be asked
 * changes nothing.
 */
public final class Caretaker implements OnePerCluster.Duty {
  private static final Logger LOG = LoggerFactory.getLogger(Caretaker.class);

  /** Notices that may be looked into at once; further ones are left to the next sweep. */
  private static final int MAX_NOTICES = 64;

  private final Instances instances;
  private final InstanceRows rows;
  private final SandboxDriver driver;
  private final IntConsumer openHostPort;
  private final UnbornSlots slots;
  private final CaretakerSettings settings;
  private final Clock clock;
  private final AtomicInteger unknownSandboxes = new AtomicInteger();
  private final Semaphore noticePlaces = new Semaphore(MAX_NOTICES);
  private final ScheduledExecutorService sweeps =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("caretaker").factory());
  private final MeterRegistry metrics;
  private final Gauge unknownGauge;
  private final AutoCloseable notices;

  /** Only a node that died leaves rows behind: true until the next one is gone. */
  private volatile boolean rowsRepaired;

  private Caretaker(
      Instances instances,
      InstanceRows rows,
      SandboxDriver driver,
      IntConsumer openHostPort,
      UnbornSlots slots,
      CaretakerSettings settings,
      Clock clock,
      MeterRegistry metrics) {
    this.instances = instances;
    this.rows = rows;
    this.driver = driver;
    this.openHostPort = openHostPort;
    this.slots = slots;
    this.settings = settings;
    this.clock = clock;
    this.metrics = metrics;
    this.unknownGauge =
        Gauge.builder("chowder.sandboxes.unknown", unknownSandboxes, AtomicInteger::get)
            .register(metrics);
    this.notices = driver.notices(notice -> look(notice.id()));
  }

  /** Sweeps now, and then at the interval, until closed. */
  public static Caretaker start(
      Instances instances,
      InstanceRows rows,
      SandboxDriver driver,
      IntConsumer openHostPort,
      UnbornSlots slots,
      CaretakerSettings settings,
      Clock clock,
      MeterRegistry metrics) {
    var caretaker =
        new Caretaker(instances, rows, driver, openHostPort, slots, settings, clock, metrics);
    var _ =
        caretaker.sweeps.scheduleWithFixedDelay(
            caretaker::sweep, 0, settings.interval().toMillis(), TimeUnit.MILLISECONDS);
    // Whoever begins may do so because another node is gone.
    caretaker.sweepAgain();
    return caretaker;
  }

  @Override
  public void nodeGone() {
    rowsRepaired = false;
    try {
      sweeps.execute(this::sweep);
      sweepAgain();
    } catch (RejectedExecutionException closed) {
      // Whoever has the duty next begins with a sweep.
    }
  }

  /** What was told to instances that still seemed to be at the node that is gone went nowhere. */
  private void sweepAgain() {
    var _ = sweeps.schedule(this::sweep, settings.sweepAgain().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    sweeps.shutdownNow();
    // The next node counts, and an old count beside it would be wrong.
    metrics.remove(unknownGauge);
    try {
      notices.close();
    } catch (Exception why) {
      LOG.warn("notices not closed: {}", why.toString());
    }
  }

  private void sweep() {
    // First, since all other steps believe the rows.
    if (!rowsRepaired) step("rows behind the journal", this::repairRows);
    step("owing instances", this::nudgeOwing);
    step("host ports", this::openHostPorts);
    step("real state", this::compare);
    step("slots", () -> slots.settle(clock.instant().minus(settings.unbornGrace())));
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

  private void repairRows() {
    // Before the look: a node that goes meanwhile is a reason for another one.
    rowsRepaired = true;
    try {
      repair();
    } catch (RuntimeException why) {
      rowsRepaired = false;
      throw why;
    }
  }

  private void repair() {
    slots.repairRows();
    int repaired = 0;
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.behind(InstanceEntity.ENTITY_KEY.name(), settings.batch(), after);
      // One that does not answer must not keep the others from being repaired.
      page.forEach(id -> step("row behind the journal", () -> view(new InstanceId(id))));
      repaired += page.size();
      if (page.size() < settings.batch()) break;
      after = Optional.of(page.getLast());
    }
    if (repaired > 0) LOG.info("instances={} had rows behind the journal", repaired);
  }

  private void nudgeOwing() {
    var now = clock.instant();
    for (var row : rows.owing(now, settings.batch())) {
      instances.tell(new InstanceId(row.id()), new InstanceCommand.Nudge(now, settings.overdue()));
    }
  }

  /**
   * An opened port lives as long as the nodes, the agents that talk through it live longer: after a
   * restart of all their model would be out of reach.
   */
  private void openHostPorts() {
    live().stream()
        .flatMapToInt(view -> LocalhostPort.of(view.profile().model().baseUrl()).stream())
        .distinct()
        .forEach(openHostPort);
  }

  private void compare() {
    // The order matters: a life that began after its row was read is not told what was seen of the
    // former one.
    Map<String, InstanceView> known = new HashMap<>();
    for (var row : live()) known.put(row.id().value(), row);
    Map<String, SandboxObservation> seen = new HashMap<>();
    for (var one : driver.list()) seen.put(one.id().instanceId(), one);

    for (var view : known.values()) {
      var one = seen.get(view.id().value());
      // What the list does not show is asked for by name: only then is "not there" an answer.
      tell(view, one != null ? one : driver.observe(SandboxId.ofInstance(view.id().value())));
    }
    int unknown = 0;
    for (var one : seen.values()) {
      if (known.containsKey(one.id().instanceId())) continue;
      var view = view(new InstanceId(one.id().instanceId()));
      if (view.isPresent()) tell(view.get(), one);
      else unknown++;
    }
    if (unknown != unknownSandboxes.getAndSet(unknown) && unknown > 0) {
      LOG.warn(
          "sandboxes={} belong to no instance that the journal knows; they are left as they are",
          unknown);
    }
  }

  private List<InstanceView> live() {
    var views = new ArrayList<InstanceView>();
    var after = Optional.<String>empty();
    while (true) {
      var page = rows.live(settings.batch(), after);
      page.forEach(row -> views.add(InstanceReadRows.view(row)));
      if (page.size() < settings.batch()) return views;
      after = Optional.of(page.getLast().id());
    }
  }

  private void look(SandboxId id) {
    if (!noticePlaces.tryAcquire()) return;
    Thread.ofVirtual()
        .name("notice-" + id)
        .start(
            () -> {
              try {
                step(
                    "notice",
                    () ->
                        view(new InstanceId(id.instanceId()))
                            .ifPresent(view -> tell(view, driver.observe(id))));
              } finally {
                noticePlaces.release();
              }
            });
  }

  private Optional<InstanceView> view(InstanceId id) {
    try {
      var reply = instances.ask(id, InstanceCommand.Get::new).toCompletableFuture().join();
      return reply instanceof InstanceReply.Accepted(var view)
          ? Optional.of(view)
          : Optional.empty();
    } catch (CompletionException why) {
      throw new IllegalStateException("instance " + id + " did not answer", why);
    }
  }

  private void tell(InstanceView view, SandboxObservation seen) {
    instances.tell(
        view.id(),
        new InstanceCommand.Observed(
            view.attempt(), Sights.of(seen), settings.restartWindow(), clock.instant()));
  }

  /** Slots that were reserved for instances which a crash kept from being born. */
  public interface UnbornSlots {
    /**
     * Has every organization write its read row whose row a crash left behind: a slot that is not
     * seen there is not settled.
     */
    void repairRows();

    /** Gives up those that were reserved before {@code olderThan}. */
    void settle(Instant olderThan);
  }
}
