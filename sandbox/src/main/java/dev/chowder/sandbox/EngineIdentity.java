package dev.chowder.sandbox;

import java.time.Duration;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The identity of an engine and of the place where it keeps home volumes, as it was read last. Read
 * again after 10 s and after each loss of the engine: another engine may respond then, or the same
 * one with another data directory.
 */
public final class EngineIdentity {
  /** The engine may restart with another data directory while this node does not call it. */
  private static final Duration MAX_AGE = Duration.ofSeconds(10);

  private final IntSupplier losses;
  private final LongSupplier nanoTime;
  private final Function<SandboxId, SandboxRef> read;

  /** The identity that was read last; null if there is none. */
  private volatile @Nullable Known known;

  /**
   * An identity.
   *
   * @param ref the reference of any sandbox
   * @param losses of the engine before it was read, so that a loss during the read counts
   * @param nanos when it was read
   */
  private record Known(SandboxRef ref, int losses, long nanos) {}

  /**
   * Creates the identity of an engine.
   *
   * @param losses how often the engine did not respond
   * @param nanoTime time in nanoseconds since any moment, such as {@link System#nanoTime}
   * @param read reads the reference of a sandbox from the engine
   */
  public EngineIdentity(
      IntSupplier losses, LongSupplier nanoTime, Function<SandboxId, SandboxRef> read) {
    this.losses = losses;
    this.nanoTime = nanoTime;
    this.read = read;
  }

  /** Returns the reference of a sandbox ({@link SandboxEngine#ref}). */
  public SandboxRef ref(SandboxId id) {
    var last = known;
    if (last == null || isOld(last)) {
      int before = losses.getAsInt();
      long now = nanoTime.getAsLong();
      last = new Known(read.apply(id), before, now);
      known = last;
    }
    return new SandboxRef(last.ref().engine(), last.ref().host(), id.value());
  }

  private boolean isOld(Known last) {
    return last.losses() != losses.getAsInt()
        || nanoTime.getAsLong() - last.nanos() >= MAX_AGE.toNanos();
  }
}
