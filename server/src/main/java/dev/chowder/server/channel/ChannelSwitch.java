package dev.chowder.server.channel;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.api.v1.Reason;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.channel.ChannelRequests.Named;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.instance.ConfigChanges;
import dev.chowder.server.instance.InstanceClient;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Stores what a caller wants of a channel, and waits until the instance has applied it to its
 * gateway. Does not know whether the channel then works. Blocks.
 */
public record ChannelSwitch(
    InstanceClient client,
    ConfigChanges changes,
    StoredChannels stored,
    OpenClawSettings.Channels settings,
    SecureRandom random) {
  private static final String PRIVATE_KEY = "private_key";

  /**
   * Switches the channel on.
   *
   * @return the channel's fields
   * @throws ApiError if the instance does not run, or OpenClaw does not accept the channel
   */
  Map<String, String> connect(Caller caller, ChannelRequests.Connection wanted) {
    var named = wanted.named();
    var view = client.get(caller, named.instance());
    if (!runs(view)) throw RejectionErrors.notRunning(view);
    var desired = switched(caller, named, true, current -> config(wanted, current));
    var record = stored.of(named.instance(), named.channel(), desired.change()).orElseThrow();
    if (record.isRejected()) throw rejection(named, record, desired);
    return desired.config();
  }

  private static ApiError rejection(Named named, ChannelRecord record, DesiredChannel desired) {
    var problem = masked(record.problem(), desired.config());
    return StoredChannels.lacksPlugin(record)
        ? ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            cannot("connect " + named.channel().id(), "OpenClaw reported \"" + problem + "\""))
        : ApiError.must("config", "be accepted by OpenClaw, which reported \"" + problem + "\"");
  }

  private Map<String, String> config(
      ChannelRequests.Connection wanted, Optional<ChannelRecord> current) {
    var channel = wanted.named().channel();
    var previous =
        current.flatMap(ChannelRecord::effective).map(DesiredChannel::config).orElse(Map.of());
    var config = new TreeMap<>(wanted.config().isEmpty() ? previous : wanted.config());
    for (var field : channel.fields()) {
      if (field.required() && !config.containsKey(field.name())) {
        throw ChannelRequests.missing(field);
      }
    }
    // The key is the agent's public identity, which must not change with each connection.
    if (channel == Channel.NOSTR) {
      config.computeIfAbsent(
          PRIVATE_KEY, _ -> Optional.ofNullable(previous.get(PRIVATE_KEY)).orElseGet(this::newKey));
    }
    return config;
  }

  private String newKey() {
    var key = new byte[32];
    random.nextBytes(key);
    return HexFormat.of().formatHex(key);
  }

  /** Switches the channel off. A stopped gateway applies the change at its next start. */
  void disconnect(Caller caller, Named named) {
    var desired =
        switched(
            caller,
            named,
            false,
            current ->
                current
                    .flatMap(ChannelRecord::effective)
                    .map(DesiredChannel::config)
                    .orElse(Map.of()));
    var record = stored.of(named.instance(), named.channel(), desired.change()).orElseThrow();
    if (record.isRejected()) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          cannot(
              "disconnect " + named.channel().id(),
              "the gateway rejected the change: " + masked(record.problem(), desired.config())));
    }
  }

  /**
   * Changes the channel, and waits until its gateway, if it runs, has applied pending changes.
   *
   * @param config returns the new fields, given the previous state
   * @return the change that the instance accepted
   */
  private DesiredChannel switched(
      Caller caller,
      Named named,
      boolean enabled,
      Function<Optional<ChannelRecord>, Map<String, String>> config) {
    var now = client.now();
    var written = new AtomicReference<DesiredChannel>();
    var accepted =
        changes.apply(
            caller,
            named.instance(),
            (base, version) -> {
              var desired = new DesiredChannel(version, enabled, config.apply(record(base, named)));
              stored.store(named.instance(), named.channel(), desired);
              written.set(desired);
              return replyTo ->
                  new InstanceCommand.SwitchChannel(
                      caller.keyId(),
                      named.channel().id(),
                      enabled,
                      version(base, named),
                      version,
                      now,
                      replyTo);
            });
    awaitApplied(named, enabled, accepted);
    return written.get();
  }

  private static String version(InstanceView view, Named named) {
    return view.profile().config().channels().getOrDefault(named.channel().id(), "");
  }

  private Optional<ChannelRecord> record(InstanceView view, Named named) {
    return stored.of(named.instance(), named.channel(), version(view, named));
  }

  /** Returns the caller's state of the channel; empty if it was never connected. */
  Optional<ChannelRecord> record(Caller caller, Named named) {
    return record(client.get(caller, named.instance()), named);
  }

  private void awaitApplied(Named named, boolean enabled, InstanceView accepted) {
    int version = accepted.profile().configVersion();
    var view =
        client.await(
            accepted,
            latest -> latest.profile().appliedVersion() >= version || !runs(latest),
            settings.applyTimeout());
    if (!runs(view)) {
      if (enabled) throw RejectionErrors.notRunning(view);
      return;
    }
    var action = (enabled ? "connect " : "disconnect ") + named.channel().id();
    if (view.profile().appliedVersion() < version) {
      throw ApiError.of(
          Reason.NO_ANSWER_IN_TIME,
          cannot(
              action,
              "the gateway did not apply the change within "
                  + settings.applyTimeout().toSeconds()
                  + " s",
              "the change stays pending, so check the channel's status later"));
    }
    if (record(view, named).flatMap(ChannelRecord::pending).isPresent()) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          cannot(
              action,
              "the gateway did not apply the change",
              "stop and start the instance to apply it"));
    }
  }

  private static boolean runs(InstanceView view) {
    return view.status().isSteady() && view.status().now() == Name.RUNNING;
  }

  /**
   * Returns OpenClaw's text with the values of the channel's fields masked. Values of less than
   * four characters stay, since they would match ordinary words.
   */
  static String masked(String words, Map<String, String> secrets) {
    var text = words;
    for (var secret : secrets.values()) {
      if (secret.length() >= 4) text = text.replace(secret, "***");
    }
    return text;
  }
}
