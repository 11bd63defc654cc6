package dev.chowder.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.hostport.LocalhostPort;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.Refused;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawPlugins;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelPatch;
import dev.chowder.openclaw.config.ChannelRecord;
import dev.chowder.openclaw.config.ChannelRecord.AppliedChannel;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.config.MergePatch;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Stores the desired channels of instances, with their credentials, in the encrypted table, and
 * applies them to the configuration file or the running gateway. A desired channel is a value that
 * never changes, under a version that the instance accepts. Its outcome is a row that only the
 * instance's effects write, one at a time. All methods block.
 */
public record StoredChannels(
    SecretStore secrets,
    OpenClawAdmin admin,
    GatewayDevices devices,
    OpenClawPlugins plugins,
    SandboxEngine engine,
    LaterConfig later) {
  /** Stored in outcomes, so it must not change. */
  private static final String PLUGIN = "its plugin: ";

  /**
   * Returns all channels that were ever connected.
   *
   * @param versions current version of each, by the channel's name
   */
  public Map<Channel, ChannelRecord> all(InstanceId id, Map<String, String> versions) {
    var names = new HashSet<String>();
    versions.forEach(
        (channel, version) -> {
          names.add(SecretNames.channel(channel, version));
          names.add(SecretNames.channelDone(channel));
        });
    var rows = secrets.getAll(List.of(id.value()), names).getOrDefault(id.value(), Map.of());
    var all = new EnumMap<Channel, ChannelRecord>(Channel.class);
    for (var channel : Channel.values()) {
      var version = versions.get(channel.id());
      if (version == null) continue;
      var stored = Optional.ofNullable(rows.get(SecretNames.channel(channel.id(), version)));
      var done = Optional.ofNullable(rows.get(SecretNames.channelDone(channel.id())));
      stored.ifPresent(
          desired ->
              all.put(
                  channel,
                  new ChannelRecord(DesiredChannel.of(desired), done.map(AppliedChannel::of))));
    }
    return all;
  }

  /**
   * Returns one version of a channel; empty if it was never connected.
   *
   * @param version empty if there is none
   */
  public Optional<ChannelRecord> of(InstanceId id, Channel channel, String version) {
    return version.isEmpty()
        ? Optional.empty()
        : Optional.ofNullable(all(id, Map.of(channel.id(), version)).get(channel));
  }

  /** Returns whether a channel was rejected because its plugin is missing, not for its content. */
  public static boolean lacksPlugin(ChannelRecord record) {
    return record.problem().startsWith(PLUGIN);
  }

  /**
   * Stores a desired channel under its version, which becomes current once the instance accepts it.
   */
  public void store(InstanceId id, Channel channel, DesiredChannel desired) {
    secrets.put(
        id.value(), SecretNames.channel(channel.id(), desired.change()), desired.toSecret());
  }

  /** Marks all channels as pending again, after onboarding wrote a new configuration. */
  public void homeRecreated(InstanceId id, Map<String, String> versions) {
    all(id, versions)
        .forEach(
            (channel, record) ->
                record.applied().ifPresent(done -> put(id, channel, done.forNewHome())));
  }

  /** Returns the channels that are not applied yet. */
  public Map<Channel, ChannelRecord> pending(InstanceId id, Map<String, String> versions) {
    var all = all(id, versions);
    all.values().removeIf(record -> record.pending().isEmpty());
    return all;
  }

  /** Returns the channels whose plugins must be in the home volume before {@link #apply}. */
  public static List<Channel> needingPlugins(Map<Channel, ChannelRecord> pending) {
    return pending.entrySet().stream()
        .filter(entry -> needsPlugin(entry.getKey(), entry.getValue()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Applies pending channels to the content of the configuration file.
   *
   * @param without channels to leave out because their plugin is missing, since the gateway does
   *     not start with an unknown channel
   * @return the applied channels, for {@link #applied} once the file is written
   */
  public Map<Channel, ChannelRecord> apply(
      Map<Channel, ChannelRecord> pending, ObjectNode config, Set<Channel> without) {
    var applied = new EnumMap<Channel, ChannelRecord>(Channel.class);
    applied.putAll(pending);
    applied.keySet().removeAll(without);
    applied.forEach((channel, record) -> MergePatch.apply(config, patch(config, channel, record)));
    return applied;
  }

  /** Records that the file contains the channels that {@link #apply} returned. */
  public void applied(InstanceId id, Map<Channel, ChannelRecord> applied) {
    applied.forEach((channel, record) -> put(id, channel, record.withApplied(desired(record))));
  }

  /**
   * Makes a running gateway apply the pending channels.
   *
   * @return a note about rejected channels; empty if there are none
   * @throws WorkFailure if the gateway does not apply them now but may do so later
   */
  public String hotApply(InstanceId id, Map<String, String> versions, SandboxEndpoint gateway)
      throws InterruptedException {
    var notes = new StringJoiner("; ");
    for (var entry : pending(id, versions).entrySet()) {
      var channel = entry.getKey();
      var version = versions.getOrDefault(channel.id(), "");
      var note =
          hotApply(
              id,
              gateway,
              channel,
              entry.getValue(),
              () -> later.requireCurrent(id, version, channel.id()));
      if (!note.isEmpty()) notes.add(entry.getKey().id() + ": " + note);
    }
    return notes.toString();
  }

  private String hotApply(
      InstanceId id, SandboxEndpoint gateway, Channel channel, ChannelRecord record, Runnable check)
      throws InterruptedException {
    var token = secrets.get(id.value(), SecretNames.GATEWAY_TOKEN);
    if (token.isEmpty()) {
      throw WorkFailure.notNow(channel.id(), "the gateway has no token");
    }
    var known = new Gateway(gateway, token.get(), devices.of(id.value()));
    var desired = desired(record);
    return switch (change(known, channel, record, check)) {
      case Done _ -> {
        put(id, channel, record.withApplied(desired));
        yield "";
      }
      case Refused refused -> {
        put(id, channel, record.withRejected(desired, refused.toText()));
        // OpenClaw's text stays out of the note, since the journal keeps it permanently.
        yield "OpenClaw rejected the change, and it was reverted";
      }
      case TokenRefused _ ->
          throw WorkFailure.notNow(channel.id(), "the gateway rejected its token");
      case Busy(var message) -> throw WorkFailure.busy(channel.id(), message);
      case NoAnswer(var note) -> throw WorkFailure.busy(channel.id(), note);
    };
  }

  /**
   * Installs the plugin, then changes the configuration. Without the plugin, a gateway would accept
   * the configuration and do nothing.
   */
  private AdminAnswer change(Gateway gateway, Channel channel, ChannelRecord record, Runnable check)
      throws InterruptedException {
    if (!needsPlugin(channel, record)) return patch(gateway, channel, record, check);
    return switch (plugins.install(gateway, channel.plugin().orElseThrow())) {
      case Done _ -> patch(gateway, channel, record, check);
      case Busy busy when OpenClawPlugins.isUnderWay(busy.message()) -> busy;
      // A gateway that cannot install the plugin now would fail to do so at each start, too.
      case Busy(var message) -> new Refused("PLUGIN", PLUGIN + message, List.of());
      case Refused(var code, var message, var issues) ->
          new Refused(code, PLUGIN + message, issues);
      case TokenRefused refused -> refused;
      case NoAnswer none -> none;
    };
  }

  private static boolean needsPlugin(Channel channel, ChannelRecord record) {
    return desired(record).enabled() && channel.plugin().isPresent();
  }

  private AdminAnswer patch(Gateway gateway, Channel channel, ChannelRecord record, Runnable check)
      throws InterruptedException {
    return admin.changeConfig(
        gateway.at(),
        gateway.token(),
        current -> {
          check.run();
          return patch(current, channel, record);
        });
  }

  private ObjectNode patch(JsonNode current, Channel channel, ChannelRecord record) {
    return ChannelPatch.of(
        current,
        channel,
        desired(record),
        record.lastApplied(),
        url -> LocalhostPort.fromSandbox(url, engine.host()::hostAddressFromSandbox));
  }

  private static DesiredChannel desired(ChannelRecord pending) {
    return pending.pending().orElseThrow();
  }

  private void put(InstanceId id, Channel channel, AppliedChannel applied) {
    secrets.put(id.value(), SecretNames.channelDone(channel.id()), applied.toSecret());
  }
}
