package dev.chowder.instance;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The times at which the system restarted an instance since a caller last requested a start. Losses
 * with the engine or the host are listed separately, since the gateway did not cause them. Each
 * list holds the newest {@link #REMEMBERED} times, newest last.
 *
 * @param crashes restarts after the gateway ended by itself, or its container was removed
 * @param engineLosses restarts after the engine or the host ended the gateway
 */
public record Restarts(List<Instant> crashes, List<Instant> engineLosses) {
  public static final Restarts NONE = new Restarts(List.of(), List.of());

  /** The maximum number of restarts that a policy can allow within its window. */
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
