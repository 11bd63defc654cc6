package dev.chowder.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/** The durations of each {@link SteadyCall}, in nanoseconds. Threads may add durations at once. */
final class SteadySamples {
  private final Map<SteadyCall, Queue<Long>> durations = new EnumMap<>(SteadyCall.class);

  SteadySamples() {
    for (var call : SteadyCall.values()) durations.put(call, new ConcurrentLinkedQueue<>());
  }

  Queue<Long> of(SteadyCall call) {
    return Objects.requireNonNull(durations.get(call));
  }
}
