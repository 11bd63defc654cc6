package dev.chowder.effect;

import com.typesafe.config.Config;
import dev.chowder.instance.Stage;
import dev.chowder.sleep.SleepSettings;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * Limits of effects; {@code reference.conf} describes each.
 *
 * @param maxConcurrent maximum number of effects that run at once on this node, not counting starts
 *     of OpenClaw
 * @param maxConcurrentBoots maximum number of stages that start OpenClaw at once on this node
 * @param stageLimits maximum duration of each stage
 * @param probeLimit time in which a provider must list its models; onboarding then continues
 *     without the list
 * @param probeBelieved time for which a key is cached as accepted by its provider
 * @param readyLimit time in which a gateway must become ready; its stage has {@code
 *     start-allowance} more, so that its log can still be read
 * @param stopLimit maximum duration of a stop, including the drain
 * @param drain time in which a gateway may finish its work before it is killed
 * @param sleep how stopped gateways sleep
 * @param applyLimit time for which a running gateway that does not accept a changed configuration
 *     is retried
 * @param retryMin first pause before a retry of an effect that must succeed; doubled after each try
 * @param retryMax longest such pause
 * @param reportWithin time in which finished stages share one journal write
 * @param cancelWait time for which an effect waits for the cancelled one before it
 * @param restarts when a lost gateway is started again
 */
public record EffectSettings(
    int maxConcurrent,
    int maxConcurrentBoots,
    Map<Stage, Duration> stageLimits,
    Duration probeLimit,
    Duration probeBelieved,
    Duration readyLimit,
    Duration stopLimit,
    Duration drain,
    SleepSettings sleep,
    Duration applyLimit,
    Duration retryMin,
    Duration retryMax,
    Duration reportWithin,
    Duration cancelWait,
    RestartSettings restarts) {

  /** Reads {@code chowder.effect}. */
  public static EffectSettings of(Config root) {
    var config = root.getConfig("chowder.effect");
    var limits = new EnumMap<Stage, Duration>(Stage.class);
    for (var stage : Stage.values()) {
      limits.put(
          stage,
          // ready-limit alone bounds the gateway; the allowance is for the engine and for reading
          // the log.
          stage == Stage.START_GATEWAY
              ? config.getDuration("ready-limit").plus(config.getDuration("start-allowance"))
              : config.getDuration("stage-limit." + stage.label()));
    }
    return new EffectSettings(
        config.getInt("max-concurrent"),
        boots(config.getInt("max-concurrent-boots")),
        Map.copyOf(limits),
        config.getDuration("probe-limit"),
        config.getDuration("probe-believed"),
        config.getDuration("ready-limit"),
        config.getDuration("stop-limit"),
        config.getDuration("drain"),
        SleepSettings.of(root),
        config.getDuration("apply-limit"),
        config.getDuration("retry-min"),
        config.getDuration("retry-max"),
        config.getDuration("report-within"),
        config.getDuration("cancel-wait"),
        RestartSettings.of(root));
  }

  /** Returns the maximum duration of a stage. */
  Duration stageLimit(Stage stage) {
    return stageLimits.getOrDefault(stage, stopLimit);
  }

  /**
   * Returns the limit of boots; by default two per processor, since one waits for the disk while
   * the other computes.
   */
  private static int boots(int configured) {
    return configured > 0 ? configured : 2 * Runtime.getRuntime().availableProcessors();
  }
}
