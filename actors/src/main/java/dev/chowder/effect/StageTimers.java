package dev.chowder.effect;

import dev.chowder.instance.Stage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Measures the duration of stages. */
final class StageTimers {
  /** From the time to write one file to the longest time that a stage may take. */
  private static final Duration[] STAGE_BUCKETS = {
    Duration.ofMillis(10),
    Duration.ofMillis(30),
    Duration.ofMillis(100),
    Duration.ofMillis(300),
    Duration.ofSeconds(1),
    Duration.ofSeconds(3),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(15),
    Duration.ofSeconds(20),
    Duration.ofSeconds(30),
    Duration.ofSeconds(60),
    Duration.ofSeconds(120),
    Duration.ofSeconds(300)
  };

  private final MeterRegistry metrics;
  private final Map<TimerKey, Timer> timers = new ConcurrentHashMap<>();

  StageTimers(MeterRegistry metrics) {
    this.metrics = metrics;
  }

  /**
   * Records the end of a stage.
   *
   * @param kind what the stage belongs to: {@code provisioning}, {@code start}, {@code pool} (a
   *     member), or {@code wake} for the start of a gateway without a boot
   */
  void record(Stage stage, String kind, String outcome, Duration took) {
    timers.computeIfAbsent(new TimerKey(stage, kind, outcome), this::stageTimer).record(took);
  }

  /** The labels of a metric of stages. */
  private record TimerKey(Stage stage, String kind, String outcome) {}

  private Timer stageTimer(TimerKey key) {
    return Timer.builder("chowder.stage")
        .description("From a stage's beginning to its end")
        .tag("stage", key.stage().label())
        .tag("kind", key.kind())
        .tag("outcome", key.outcome())
        .serviceLevelObjectives(STAGE_BUCKETS)
        .register(metrics);
  }
}
