package dev.chowder.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.Ids;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.sandbox.SandboxEndpoint;
import java.util.Map;
import java.util.TreeMap;

/** Holds the current configuration values of one instance, as its entity would return them. */
public final class OneConfig {
  private final InstanceId id;
  private final Map<String, String> channels = new TreeMap<>();
  private OverridesVersion holding = OverridesVersion.NONE;

  public OneConfig(InstanceId id) {
    this.id = id;
  }

  public OverridesVersion holding() {
    return holding;
  }

  public Map<String, String> channels() {
    return channels;
  }

  public WantedConfig wanted() {
    return new WantedConfig(0, holding, false, Map.copyOf(channels));
  }

  public WantedConfig inNewHome() {
    return new WantedConfig(1, holding, true, Map.copyOf(channels));
  }

  public void store(Overrides overrides, ObjectNode json) {
    var version = Ids.next();
    overrides.store(id, version, json);
    holding = new OverridesVersion(version, Taken.PENDING);
  }

  public void patch(Overrides overrides, ObjectNode json) {
    var version = Ids.next();
    overrides.patch(id, holding, version, json, overrides.schema());
    holding = new OverridesVersion(version, Taken.PENDING);
  }

  public void taken(Taken taken) {
    if (holding.taken() == Taken.PENDING) holding = new OverridesVersion(holding.version(), taken);
  }

  public String hotApply(Overrides overrides, SandboxEndpoint gateway) throws InterruptedException {
    var outcome = overrides.hotApply(id, wanted(), gateway);
    taken(outcome.taken());
    return outcome.note();
  }

  public void connect(StoredChannels stored, Channel channel, DesiredChannel desired) {
    stored.store(id, channel, desired);
    channels.put(channel.id(), desired.change());
  }
}
