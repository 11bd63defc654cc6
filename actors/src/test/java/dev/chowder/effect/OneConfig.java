package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.Ids;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.Channel;
import dev.chowder.openclaw.ChannelRecord.DesiredChannel;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.util.Map;
import java.util.TreeMap;

/** Holds the current configuration values of one instance, as its entity would return them. */
final class OneConfig {
  private final InstanceId id;
  private final Map<String, String> channels = new TreeMap<>();
  private OverridesVersion holding = OverridesVersion.NONE;

  OneConfig(InstanceId id) {
    this.id = id;
  }

  OverridesVersion holding() {
    return holding;
  }

  Map<String, String> channels() {
    return channels;
  }

  WantedConfig wanted() {
    return new WantedConfig(0, holding, false, Map.copyOf(channels));
  }

  WantedConfig inNewHome() {
    return new WantedConfig(1, holding, true, Map.copyOf(channels));
  }

  void store(Overrides overrides, ObjectNode json) {
    var version = Ids.next();
    overrides.store(id, version, json);
    holding = new OverridesVersion(version, Taken.PENDING);
  }

  void patch(Overrides overrides, ObjectNode json) {
    var version = Ids.next();
    overrides.patch(id, holding, version, json, overrides.schema());
    holding = new OverridesVersion(version, Taken.PENDING);
  }

  void taken(Taken taken) {
    if (holding.taken() == Taken.PENDING) holding = new OverridesVersion(holding.version(), taken);
  }

  String hotApply(Overrides overrides, SandboxEndpoint gateway) throws InterruptedException {
    var outcome = overrides.hotApply(id, wanted(), gateway);
    taken(outcome.taken());
    return outcome.note();
  }

  void connect(StoredChannels stored, Channel channel, DesiredChannel desired) {
    stored.store(id, channel, desired);
    channels.put(channel.id(), desired.change());
  }
}
