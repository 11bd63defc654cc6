package dev.chowder.sandbox.fake;

import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.ArrayList;
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
 * What a test wants a fake to do: delays, faults and hangs, verb by verb; and what it was asked.
 */
public final class FakeScript {
  private static final int CALLS_KEPT = 100_000;

  /** The driver's verbs. */
  public enum Verb {
    /** {@code create}. */
    CREATE,
    /** {@code run}. */
    RUN,
    /** {@code exec}. */
    EXEC,
    /** {@code start}. */
    START,
    /** {@code stop}. */
    STOP,
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

  /** One call, kept before it does anything. */
  public record Call(Verb verb, Optional<SandboxId> id) {}

  private record Fault(Reason reason, String message) {}

  /** A call that waits, like that of a paused node: an interrupt does not reach it. */
  public static final class Hold {
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    private Hold() {}

    /** Waits until the call arrives; returns whether it came in time. */
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
  private final Map<Verb, Integer> hangs = new EnumMap<>(Verb.class);
  private final Map<Verb, Hold> holds = new EnumMap<>(Verb.class);
  private final Set<String> missing = new HashSet<>();
  private final Set<SandboxId> unresponsive = new HashSet<>();
  private final Map<String, String> pluginFailures = new HashMap<>();
  private final List<Call> calls = new ArrayList<>();
  private @Nullable Fault always;
  private boolean forgetful;
  private boolean full;

  /** From now on every call of this verb takes so much longer. */
  public synchronized FakeScript delay(Verb verb, Duration delay) {
    delays.put(verb, delay);
    return this;
  }

  /**
   * The next {@code times} calls of this verb fail, after its delay and before they do anything.
   */
  public synchronized FakeScript failNext(Verb verb, int times, Reason reason, String message) {
    List<Fault> queue = faults.computeIfAbsent(verb, _ -> new ArrayList<>());
    for (int i = 0; i < times; i++) {
      queue.add(new Fault(reason, message));
    }
    return this;
  }

  /** The next {@code times} calls of this verb hang until they are interrupted. */
  public synchronized FakeScript hangNext(Verb verb, int times) {
    hangs.merge(verb, times, Integer::sum);
    return this;
  }

  /** Makes the next call of this verb wait, before it does anything, until it is released. */
  public synchronized Hold holdNext(Verb verb) {
    var hold = new Hold();
    holds.put(verb, hold);
    return hold;
  }

  /** This snapshot is not on the host. */
  public synchronized FakeScript missing(String snapshot) {
    missing.add(snapshot);
    return this;
  }

  /** The image does not carry this channel's plugin. */
  public synchronized FakeScript uncarried(String plugin) {
    pluginFailures.put(plugin, "npm view failed: not reached");
    return this;
  }

  /** Somebody else has the gateway install something when this channel's plugin is to be. */
  public synchronized FakeScript installing(String plugin) {
    pluginFailures.put(
        plugin, "Another plugin or config operation is already running; retry when it completes.");
    return this;
  }

  /** From now on no call reaches the engine, until {@link #reachable()}. */
  public synchronized FakeScript unreachable() {
    always =
        new Fault(
            Reason.ENGINE_UNREACHABLE, "docker: no answer (expected: a running Docker Engine)");
    return this;
  }

  /** Ends {@link #unreachable()}. */
  public synchronized FakeScript reachable() {
    always = null;
    return this;
  }

  /**
   * Makes every call about this sandbox fail without an answer, like one about a container that
   * hangs, until {@link #responsive}. A list still shows it.
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

  /** From now on a list shows nothing, though everything is there; until {@link #remembering()}. */
  public synchronized FakeScript forgetful() {
    forgetful = true;
    return this;
  }

  /** Ends {@link #forgetful()}. */
  public synchronized FakeScript remembering() {
    forgetful = false;
    return this;
  }

  /** Leaves the host without free memory until {@link #roomy()}. */
  public synchronized FakeScript full() {
    full = true;
    return this;
  }

  /** Ends {@link #full()}. */
  public synchronized FakeScript roomy() {
    full = false;
    return this;
  }

  /** Ends everything that was asked for and has not happened yet. */
  public synchronized FakeScript heal() {
    delays.clear();
    faults.clear();
    hangs.clear();
    missing.clear();
    unresponsive.clear();
    pluginFailures.clear();
    always = null;
    forgetful = false;
    full = false;
    return this;
  }

  synchronized boolean isFull() {
    return full;
  }

  synchronized boolean isForgetful() {
    return forgetful;
  }

  /** Every call so far, oldest first; beyond 100,000 the oldest are forgotten. */
  public synchronized List<Call> calls() {
    return List.copyOf(calls);
  }

  synchronized boolean isMissing(String snapshot) {
    return missing.contains(snapshot);
  }

  synchronized Optional<String> pluginFailure(String plugin) {
    return Optional.ofNullable(pluginFailures.get(plugin));
  }

  /** Does to this call what was asked for. */
  void play(Verb verb, Optional<SandboxId> id) {
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
        fault = new Fault(Reason.ENGINE_UNREACHABLE, "docker: no answer in time");
      } else fault = queue.isEmpty() ? null : queue.removeFirst();
    }
    if (hold != null) {
      hold.await();
    }
    if (hang) {
      awaitInterrupt(verb);
    }
    pause(verb, delay);
    if (fault != null) {
      throw new SandboxException(fault.reason(), fault.message());
    }
  }

  private static void awaitInterrupt(Verb verb) {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException stop) {
      throw interrupted(verb, stop);
    }
  }

  static void pause(Verb verb, Duration delay) {
    if (Thread.currentThread().isInterrupted()) {
      throw interrupted(verb, new InterruptedException());
    }
    if (delay.isPositive()) {
      try {
        Thread.sleep(delay);
      } catch (InterruptedException stop) {
        throw interrupted(verb, stop);
      }
    }
  }

  static SandboxException interrupted(Verb verb, InterruptedException stop) {
    Thread.currentThread().interrupt();
    return new SandboxException(Reason.INTERRUPTED, verb + ": interrupted", stop);
  }
}
