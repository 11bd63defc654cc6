package dev.chowder.effect;

import dev.chowder.gateway.GatewayWork.Applied;
import dev.chowder.gateway.GatewayWork.AppliedConfig;
import dev.chowder.gateway.GatewayWork.Outcome;
import dev.chowder.gateway.GatewayWork.StageRun;
import dev.chowder.gateway.Overrides;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.OpenClawPlugins;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Applies overrides and channels to the configuration of gateways that run or will run. */
final class ConfigurationStage {
  private final SandboxEngine engine;
  private final SandboxImage image;
  private final Overrides overrides;
  private final StoredChannels channels;
  private final EffectSettings settings;
  private final ConfigFile file;

  ConfigurationStage(
      SandboxEngine engine,
      SandboxImage image,
      Overrides overrides,
      StoredChannels channels,
      EffectSettings settings) {
    this.engine = engine;
    this.image = image;
    this.overrides = overrides;
    this.channels = channels;
    this.settings = settings;
    this.file = new ConfigFile(engine);
  }

  /** Applies what is pending to {@code openclaw.json}. */
  Outcome apply(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    // An adopted home volume lacks what was applied to its lost replacement.
    if (stageRun.homes().adopted()) channels.homeRecreated(id, stageRun.config().channels());
    // Read first, because a value is kept only while its version is one of the last 32.
    var wanted = stageRun.config();
    var patches = overrides.pending(id, wanted);
    var pending = channels.pending(id, wanted.channels());
    // Changes that a running gateway did not apply are pending, too.
    if (wanted.version() == 0 && patches.isEmpty() && pending.isEmpty()) return Outcome.skipped();
    // An installation writes into openclaw.json, so the file is read afterwards.
    var withoutPlugin = installPlugins(sandbox, stageRun, StoredChannels.needingPlugins(pending));
    var config = file.read(sandbox);
    var switched = channels.apply(pending, config, withoutPlugin);
    overrides.apply(id, patches, config);
    file.write(sandbox, stageRun, config);
    channels.applied(id, switched);
    return Outcome.configured(
        withoutPlugin.stream()
            .map(
                channel ->
                    channel.id()
                        + ": its plugin could not be installed; the next start tries again")
            .collect(Collectors.joining("; ")),
        new AppliedConfig(wanted.version(), wanted.overrides().version()));
  }

  /**
   * Returns the channels whose plugins could not be installed; the agent starts without these
   * channels.
   */
  private Set<Channel> installPlugins(SandboxId sandbox, StageRun stageRun, List<Channel> needing) {
    var failed = EnumSet.noneOf(Channel.class);
    // A fifth of the limit is left for the rest of the stage.
    long until =
        System.nanoTime()
            + settings.stageLimit(stageRun.stage()).multipliedBy(4).dividedBy(5).toNanos();
    for (var channel : needing) {
      var left = Duration.ofNanos(until - System.nanoTime());
      if (left.toSeconds() < 1 || !isInstalled(sandbox, stageRun, channel, left))
        failed.add(channel);
    }
    return failed;
  }

  private boolean isInstalled(
      SandboxId sandbox, StageRun stageRun, Channel channel, Duration limit) {
    var command = OpenClawPlugins.command(channel.plugin().orElseThrow());
    var task = image.task(stageRun, command, List.of());
    try {
      var result = engine.tasks().run(sandbox, stageRun.fence(), task, limit);
      return result.exitCode() == 0 || OpenClawPlugins.isInstalled(result.output());
    } catch (SandboxException late) {
      if (late.reason() != SandboxException.Reason.TIMED_OUT) throw late;
      return false;
    }
  }

  /** Applies what is pending to a gateway that a wake continued. */
  AppliedAtWake applyAtWake(InstanceId id, WantedConfig config, SandboxEndpoint gateway)
      throws InterruptedException {
    boolean overridesPending =
        !config.overrides().version().isEmpty() && config.overrides().taken() == Taken.PENDING;
    // A channel that a running gateway did not take is pending without a version.
    if (config.version() == 0
        && !overridesPending
        && channels.pending(id, config.channels()).isEmpty()) {
      return new AppliedAtWake("", AppliedConfig.NONE);
    }
    var applied = applyNow(id, config, gateway);
    // The running gateway rejects refused overrides again, and the instance records that.
    boolean complete =
        applied.overrides() == Taken.APPLIED || config.overrides().version().isEmpty();
    return new AppliedAtWake(
        applied.note(),
        complete
            ? new AppliedConfig(config.version(), config.overrides().version())
            : AppliedConfig.NONE);
  }

  /**
   * The configuration that a wake applied.
   *
   * @param note why a part was not applied; empty if everything was
   */
  record AppliedAtWake(String note, AppliedConfig config) {}

  /** Makes a running gateway apply its configuration. */
  Applied applyNow(InstanceId id, WantedConfig config, SandboxEndpoint gateway)
      throws InterruptedException {
    // Channels come first, because an override may need the plugin of a channel.
    var note = channels.hotApply(id, config.channels(), gateway);
    var outcome = overrides.hotApply(id, config, gateway);
    return new Applied(
        outcome.taken(),
        Stream.of(note, outcome.note())
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining("; ")));
  }
}
