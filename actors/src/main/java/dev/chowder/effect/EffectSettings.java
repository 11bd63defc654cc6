package dev.chowder.effect;

import com.typesafe.config.Config;
import dev.chowder.instance.Stage;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/**
 * Limits of the effects; {@code reference.conf} says what each is for.
 *
 * @param maxConcurrent how many effects run at once on this node, besides the starts of OpenClaw
 * @param maxConcurrentBoots how many stages that start OpenClaw run at once on this node
 * @param stageLimits how long each stage may take
 * @param probeLimit how long a provider may take to list its models before onboarding continues
 *     without the list
 * @param probeBelieved how long a key that a provider took is not tried again
 * @param readyLimit how long a gateway may take to be ready; its stage has {@code start-allowance}
 *     more, so that its log can still be read
 * @param stopLimit how long a whole stop may take
 * @param drain how long a gateway may finish its work before it is killed
 * @param applyLimit how long a running gateway is tried that does not take a changed configuration
 * @param retryMin the first pause before an effect that must succeed is tried again; doubled each
 *     time
 * @param retryMax the longest such pause
 * @param reportWithin stages that end so soon after one another share a write to the journal
 * @param cancelWait how long the next effect waits for a cancelled one
 * @param restarts when a gateway that was lost is started again
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
          // What a gateway may take is set in one place; the rest is the engine's and the log's.
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
        config.getDuration("apply-limit"),
        config.getDuration("retry-min"),
        config.getDuration("retry-max"),
        config.getDuration("report-within"),
        config.getDuration("cancel-wait"),
        RestartSettings.of(root));
  }

  /** Two for each processor: one waits for the disk while the other computes. */
  private static int boots(int configured) {
    return configured > 0 ? configured : 2 * Runtime.getRuntime().availableProcessors();
  }
}
