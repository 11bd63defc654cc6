package dev.chowder.instance;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * When the system started an instance again by itself since a caller last asked for a start. Losses
 * with the engine or the host are counted separately, since the gateway did not cause them.
 *
 * @param crashes starts after the gateway had ended by itself, or its container was removed
 * @param engineLosses starts after the engine or the host had ended it; both lists hold the newest
 *     {@link #REMEMBERED} at most, the newest last
 */
public record Restarts(List<Instant> crashes, List<Instant> engineLosses) {
  public static final Restarts NONE = new Restarts(List.of(), List.of());

  /** No policy can allow more crashes within its window. */
  static final int REMEMBERED = 10;

  public Restarts {
    crashes = List.copyOf(crashes);
    engineLosses = List.copyOf(engineLosses);
  }

  boolean isEmpty() {
    return crashes.isEmpty() && engineLosses.isEmpty();
  }

  Restarts afterCrash(Instant at) {
    return new Restarts(with(crashes, at), engineLosses);
  }

  Restarts afterEngineLoss(Instant at) {
    return new Restarts(crashes, with(engineLosses, at));
  }

  private static List<Instant> with(List<Instant> before, Instant at) {
    var all = new ArrayList<>(before);
    all.add(at);
    return all.subList(Math.max(0, all.size() - REMEMBERED), all.size());
  }
}
