package dev.chowder.simulator;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.TaskResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Configures the behaviour of a simulated engine for a test: delays, faults and hangs per verb.
 * Also records the calls.
 */
public final class FakeScript {
  private static final int CALLS_KEPT = 100_000;

  /** Longer than any test. */
  private static final Duration UNLIMITED = Duration.ofDays(1);

  /** OpenClaw leaves about as little resident on zram: 31 of 770 MB were measured. */
  private static final double PAGE_OUT_SHARE = 0.95;

  /** No admin method has this name. */
  private static final String TURN = "/v1/responses";

  /** The engine's verbs. */
  public enum Verb {
    /** {@code create}. */
    CREATE,
    /** {@code run}. */
    RUN,
    /** {@code exec}. */
    EXEC,
    /** {@code prepare}. */
    PREPARE,
    /** {@code start}. */
    START,
    /** {@code stop}. */
    STOP,
    /** {@code freeze}. */
    FREEZE,
    /** {@code thaw}. */
    THAW,
    /** {@code pageOut}. */
    PAGE_OUT,
    /** {@code memory} and {@code processorTime}. */
    MEMORY,
    /** {@code removeProcesses}. */
    REMOVE_PROCESSES,
    /** {@code remove}. */
    REMOVE,
    /** {@code observe}. */
    OBSERVE,
    /** {@code list}. */
    LIST,
    /** {@code writeFiles}. */
    WRITE_FILES,
    /** {@code readFile}. */
    READ_FILE,
    /** {@code files}. */
    FILES,
    /** {@code logs}. */
    LOGS,
    /** {@code capacity}. */
    CAPACITY
  }

  /** A call, recorded before it does anything. */
  public record Call(Verb verb, Optional<SandboxId> id) {}

  private record Fault(Reason reason, String message) {}

  /** Blocks one call, like the call of a paused node. An interrupt does not end the wait. */
  public static final class Hold {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Hold() {}

    /** Waits until the call arrives, and returns whether it did within the limit. */
    public boolean awaitCall(Duration limit) throws InterruptedException {
      return reached.await(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Lets the call continue. */
    public void release() {
      released.countDown();
    }

    private void await() {
      reached.countDown();
      boolean interrupted = false;
      while (true) {
        try {
          released.await();
          break;
        } catch (InterruptedException notNow) {
          interrupted = true;
        }
      }
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  private final Map<Verb, Duration> delays = new EnumMap<>(Verb.class);
  private final Map<Verb, List<Fault>> faults = new EnumMap<>(Verb.class);
  private final Deque<TaskResult> results = new ArrayDeque<>();
  private final Map<Verb, Integer> hangs = new EnumMap<>(Verb.class);
  private final Map<String, Integer> closed = new HashMap<>();
  private final Map<Verb, Hold> holds = new EnumMap<>(Verb.class);
  private @Nullable Hold turn;
  private final Set<String> missing = new HashSet<>();
  private final Set<SandboxId> unresponsive = new HashSet<>();
  private final Map<String, String> pluginFailures = new HashMap<>();
  private final Deque<Call> calls = new ArrayDeque<>();
  private @Nullable Fault always;
  private boolean hasEmptyLists;
  private boolean full;
  private boolean withoutSkeleton;
  private boolean hasSwap = true;
  private double stalledPercent;
  private double pageOutShare = PAGE_OUT_SHARE;
  private double runningSwapShare;
  private boolean hasDiskSwap;
  private int usesAfterThaw = Integer.MAX_VALUE;
  private int lockedUses;

  /** Delays every further call of this verb. */
  public synchronized FakeScript delay(Verb verb, Duration delay) {
    delays.put(verb, delay);
    return this;
  }

  /**
   * Makes the next {@code times} calls of this verb fail, after the verb's delay and before they do
   * anything.
   */
  public synchronized FakeScript failNext(Verb verb, int times, Reason reason, String message) {
    List<Fault> queue = faults.computeIfAbsent(verb, _ -> new ArrayList<>());
    for (int i = 0; i < times; i++) {
      queue.add(new Fault(reason, message));
    }
    return this;
  }

  /** Makes the next command of {@code exec} end with this exit code and output. */
  public synchronized FakeScript endNext(int exitCode, String output) {
    results.add(new TaskResult(exitCode, false, output));
    return this;
  }

  synchronized Optional<TaskResult> nextResult() {
    return Optional.ofNullable(results.poll());
  }

  /**
   * Makes the next {@code times} calls of this verb hang until they are interrupted. Calls with a
   * time limit fail when it ends.
   */
  public synchronized FakeScript hangNext(Verb verb, int times) {
    hangs.merge(verb, times, Integer::sum);
    return this;
  }

  /** Blocks the next call of this verb, before it does anything, until it is released. */
  public synchronized Hold holdNext(Verb verb) {
    var hold = new Hold();
    holds.put(verb, hold);
    return hold;
  }

  /** Blocks the next turn of a gateway, after it was admitted, until it is released. */
  public synchronized Hold holdNextTurn() {
    var hold = new Hold();
    turn = hold;
    return hold;
  }

  /** Makes a gateway end the connection of its next turn without a response. */
  public FakeScript closeNextTurn() {
    return closeNext(TURN, 1);
  }

  /** Blocks a turn if a test holds it, and returns whether its connection ends then. */
  boolean closesTurn() {
    Hold hold;
    synchronized (this) {
      hold = turn;
      turn = null;
    }
    if (hold != null) hold.await();
    return closes(TURN);
  }

  /**
   * Makes a gateway end the connection of its next {@code times} calls of this method without a
   * response, as one that restarts does.
   */
  public synchronized FakeScript closeNext(String method, int times) {
    closed.merge(method, times, Integer::sum);
    return this;
  }

  /** Returns how many of these calls are left. */
  public synchronized int closesLeft(String method) {
    return closed.getOrDefault(method, 0);
  }

  synchronized boolean closes(String method) {
    int left = closesLeft(method);
    if (left > 0) closed.put(method, left - 1);
    return left > 0;
  }

  /** Removes this snapshot from the host. */
  public synchronized FakeScript missing(String snapshot) {
    missing.add(snapshot);
    return this;
  }

  /** Removes the onboarded configuration from the image, so that each agent is onboarded. */
  public synchronized FakeScript withoutSkeleton() {
    withoutSkeleton = true;
    return this;
  }

  /** Returns whether the image contains an onboarded configuration. */
  synchronized boolean hasSkeleton() {
    return !withoutSkeleton;
  }

  /** Removes this channel's plugin from the image. */
  public synchronized FakeScript withoutPlugin(String plugin) {
    pluginFailures.put(plugin, "npm view failed: not reached");
    return this;
  }

  /**
   * Makes the gateway reject the installation of this channel's plugin, as if another one were in
   * progress.
   */
  public synchronized FakeScript withBusyInstaller(String plugin) {
    pluginFailures.put(
        plugin, "Another plugin or config operation is already running; retry when it completes.");
    return this;
  }

  /** Makes every call fail as if the engine were unreachable, until {@link #reachable()}. */
  public synchronized FakeScript unreachable() {
    always =
        new Fault(
            Reason.ENGINE_UNREACHABLE,
            cannot("call the Docker Engine", "it does not respond", "start it"));
    return this;
  }

  /** Ends {@link #unreachable()}. */
  public synchronized FakeScript reachable() {
    always = null;
    return this;
  }

  /**
   * Makes every call about this sandbox fail without a response, as for a container that hangs,
   * until {@link #responsive}. Listings still contain it.
   */
  public synchronized FakeScript unresponsive(SandboxId id) {
    unresponsive.add(id);
    return this;
  }

  /** Ends {@link #unresponsive}. */
  public synchronized FakeScript responsive(SandboxId id) {
    unresponsive.remove(id);
    return this;
  }

  /** Makes listings empty although all sandboxes exist, until {@link #withFullLists()}. */
  public synchronized FakeScript withEmptyLists() {
    hasEmptyLists = true;
    return this;
  }

  /** Ends {@link #withEmptyLists()}. */
  public synchronized FakeScript withFullLists() {
    hasEmptyLists = false;
    return this;
  }

  /** Leaves the host without free memory until {@link #withMemory()}. */
  public synchronized FakeScript withoutMemory() {
    full = true;
    return this;
  }

  /** Ends {@link #withoutMemory()}. */
  public synchronized FakeScript withMemory() {
    full = false;
    return this;
  }

  /** Leaves the host without swap until {@link #withSwap()}. */
  public synchronized FakeScript withoutSwap() {
    hasSwap = false;
    return this;
  }

  /** Ends {@link #withoutSwap()}. */
  public synchronized FakeScript withSwap() {
    hasSwap = true;
    return this;
  }

  /** Makes page-outs move this share of a process's memory; 0.95 by default. */
  public synchronized FakeScript withPageOutOf(double share) {
    pageOutShare = share;
    return this;
  }

  /** Puts the memory of paged-out processes on a disk. Compressed memory has other programs. */
  public synchronized FakeScript withDiskSwap() {
    hasDiskSwap = true;
    return this;
  }

  /** Reports this share of each process that is not paged out as swapped, as after a wake. */
  public synchronized FakeScript withRunningInSwap(double share) {
    runningSwapShare = share;
    return this;
  }

  /**
   * Lets the tasks of the host wait for memory.
   *
   * @param percent share of time in which all of them wait; 0 for none
   */
  public synchronized FakeScript withMemoryStall(double percent) {
    stalledPercent = percent;
    return this;
  }

  /**
   * Makes each gateway that is thawed fail all turns until its process ends, because it cannot use
   * its agents' databases. It still admits turns.
   *
   * @param uses the number of uses that succeed before
   */
  public synchronized FakeScript withDatabasesLostByThaw(int uses) {
    usesAfterThaw = uses;
    return this;
  }

  synchronized int usesAfterThaw() {
    return usesAfterThaw;
  }

  /** Makes the next uses of agents' databases fail, as while another process holds their lock. */
  public synchronized FakeScript lockDatabases(int uses) {
    lockedUses = uses;
    return this;
  }

  /** Returns how many of these uses are left. */
  public synchronized int lockedUsesLeft() {
    return lockedUses;
  }

  synchronized boolean usesLockedDatabases() {
    if (lockedUses == 0) return false;
    lockedUses--;
    return true;
  }

  /** Removes all delays, faults and other conditions, except blocked calls. */
  public synchronized FakeScript heal() {
    delays.clear();
    faults.clear();
    results.clear();
    hangs.clear();
    closed.clear();
    missing.clear();
    unresponsive.clear();
    pluginFailures.clear();
    always = null;
    hasEmptyLists = false;
    full = false;
    hasSwap = true;
    stalledPercent = 0;
    pageOutShare = PAGE_OUT_SHARE;
    runningSwapShare = 0;
    hasDiskSwap = false;
    withoutSkeleton = false;
    usesAfterThaw = Integer.MAX_VALUE;
    lockedUses = 0;
    return this;
  }

  synchronized boolean hasSwap() {
    return hasSwap;
  }

  synchronized double pageOutShare() {
    return pageOutShare;
  }

  synchronized boolean hasDiskSwap() {
    return hasDiskSwap;
  }

  synchronized double runningSwapShare() {
    return runningSwapShare;
  }

  synchronized double stalledPercent() {
    return stalledPercent;
  }

  synchronized boolean isFull() {
    return full;
  }

  synchronized boolean hasEmptyLists() {
    return hasEmptyLists;
  }

  /** Returns the calls, oldest first. Only the latest 100,000 are kept. */
  public synchronized List<Call> calls() {
    return List.copyOf(calls);
  }

  synchronized boolean isMissing(String snapshot) {
    return missing.contains(snapshot);
  }

  synchronized Optional<String> pluginFailure(String plugin) {
    return Optional.ofNullable(pluginFailures.get(plugin));
  }

  /** Records a call and applies its delay or fault. */
  void apply(Verb verb, Optional<SandboxId> id) {
    apply(verb, id, UNLIMITED);
  }

  /** As above, for a call that must end within this time. */
  void apply(Verb verb, Optional<SandboxId> id, Duration limit) {
    Duration delay;
    Fault fault;
    boolean hang;
    Hold hold;
    synchronized (this) {
      if (calls.size() >= CALLS_KEPT) {
        calls.removeFirst();
      }
      calls.add(new Call(verb, id));
      hold = holds.remove(verb);
      delay = delays.getOrDefault(verb, Duration.ZERO);
      hang = hangs.merge(verb, 0, Integer::sum) > 0;
      if (hang) {
        hangs.merge(verb, -1, Integer::sum);
      }
      List<Fault> queue = faults.getOrDefault(verb, List.of());
      if (always != null) fault = always;
      else if (id.filter(unresponsive::contains).isPresent()) {
        fault =
            new Fault(
                Reason.ENGINE_UNREACHABLE,
                cannot("call the Docker Engine", "it did not respond in time"));
      } else fault = queue.isEmpty() ? null : queue.removeFirst();
    }
    if (hold != null) {
      hold.await();
    }
    if (hang) {
      FakePause.take(verb, limit);
      throw FakePause.timedOut("complete " + verb, limit);
    }
    FakePause.take(verb, delay);
    if (fault != null) {
      throw new SandboxException(fault.reason(), fault.message());
    }
  }
}
