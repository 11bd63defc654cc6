package dev.chowder.effect;

import dev.chowder.instance.Stage;
import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import dev.chowder.sleep.SleepSettings;
import java.time.Duration;

/**
 * Limits of effects; {@code reference.conf} describes each.
 *
 * @param maxConcurrent maximum number of effects that run at once on this node, not counting starts
 *     of OpenClaw
 * @param maxConcurrentBoots maximum number of stages that start OpenClaw at once on this node
 * @param stageTimeouts maximum duration of each stage but {@code start_gateway}
 * @param probeTimeout time in which a provider must list its models; onboarding then continues
 *     without the list
 * @param probeCacheMaxAge time for which a key is cached as accepted by its provider
 * @param readyTimeout time in which a gateway must become ready
 * @param idleBootTimeout time for which a gateway that boots may use no processor
 * @param startOverheadTimeout how much longer its stage may take, for the engine and for reading
 *     the log
 * @param stopTimeout maximum duration of a stop, including the drain
 * @param drainTimeout time in which a gateway may finish its work before it is killed
 * @param sleep how stopped gateways sleep
 * @param applyTimeout time for which a running gateway that does not accept a changed configuration
 *     is retried
 * @param minRetryDelay first pause before a retry of an effect that must succeed; doubled after
 *     each try
 * @param maxRetryDelay longest such pause
 * @param reportWindow time in which finished stages share one journal write
 * @param cancelTimeout time for which an effect waits for the cancelled one before it
 * @param restarts when a lost gateway is started again
 */
@Section("chowder.effect")
public record EffectSettings(
    int maxConcurrent,
    int maxConcurrentBoots,
    @Setting("stage-timeout") StageLimits stageTimeouts,
    Duration probeTimeout,
    Duration probeCacheMaxAge,
    Duration readyTimeout,
    Duration idleBootTimeout,
    Duration startOverheadTimeout,
    Duration stopTimeout,
    Duration drainTimeout,
    SleepSettings sleep,
    Duration applyTimeout,
    Duration minRetryDelay,
    Duration maxRetryDelay,
    Duration reportWindow,
    Duration cancelTimeout,
    @Setting("restart") RestartSettings restarts) {

  /** The maximum duration of each stage; its key is the name of the stage in the API. */
  public record StageLimits(
      @Setting("create_sandbox") Duration createSandbox,
      Duration onboard,
      @Setting("gateway_token") Duration gatewayToken,
      @Setting("responses_endpoint") Duration responsesEndpoint,
      @Setting("openclaw_config") Duration openclawConfig,
      @Setting("warm_up") Duration warmUp,
      Duration publish) {}

  public EffectSettings {
    // By default, one organization gets two per processor, since one waits for the disk while the
    // other computes. One more is reserved for the other organizations.
    if (maxConcurrentBoots == 0)
      maxConcurrentBoots = 2 * Runtime.getRuntime().availableProcessors() + 1;
  }

  /** Returns the maximum duration of a stage. */
  Duration stageLimit(Stage stage) {
    return switch (stage) {
      case CREATE_SANDBOX -> stageTimeouts.createSandbox;
      case ONBOARD -> stageTimeouts.onboard;
      case GATEWAY_TOKEN -> stageTimeouts.gatewayToken;
      case RESPONSES_ENDPOINT -> stageTimeouts.responsesEndpoint;
      case OPENCLAW_CONFIG -> stageTimeouts.openclawConfig;
      // readyTimeout alone bounds the gateway.
      case START_GATEWAY -> readyTimeout.plus(startOverheadTimeout);
      case WARM_UP -> stageTimeouts.warmUp;
      case PUBLISH -> stageTimeouts.publish;
    };
  }
}
