package dev.chowder.server.channel;

import dev.chowder.actor.Ids;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.Channel;
import dev.chowder.openclaw.Channel.Field;
import dev.chowder.server.call.Fields;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import dev.chowder.server.organization.BaseUrl;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Reads the requests of {@code ChannelService}. What a field held is never in an error: it may be a
 * secret. It asks nobody whether an instance exists.
 */
public final class ChannelRequests {
  private static final int MAX_FIELD = 16_384;
  private static final Pattern CODE = Pattern.compile("[A-Za-z0-9]{4,16}");
  private static final Pattern PAIRING = Pattern.compile("[A-Za-z0-9_-]{1,128}");

  private final IntPredicate localhostPorts;

  /**
   * Creates a reader of requests.
   *
   * @param localhostPorts ports of localhost that the operator opened for channels
   */
  public ChannelRequests(IntPredicate localhostPorts) {
    this.localhostPorts = localhostPorts;
  }

  /** A channel of an instance. */
  record Named(InstanceId instance, Channel channel) {}

  /** What to connect it with; empty: what is kept. */
  record Connection(Named named, Map<String, String> config) {}

  /** Whom to let in, by one of the two. */
  record Pair(Named named, Optional<String> code, Optional<String> pairingId) {}

  static InstanceId instance(String id) {
    if (!Ids.isId(id)) throw ApiError.instanceNotFound();
    return new InstanceId(id);
  }

  static Named named(String instanceId, String channel) {
    var id = instance(instanceId);
    return new Named(
        id,
        Channel.named(channel)
            .orElseThrow(
                () ->
                    ApiError.of(
                        Reason.CHANNEL_NOT_FOUND,
                        "channel: " + Fields.shown(channel) + " (expected: " + known() + ")")));
  }

  private static String known() {
    return Arrays.stream(Channel.values()).map(Channel::id).collect(Collectors.joining(", "));
  }

  Connection connection(ConnectChannelRequest r) {
    var named = named(r.getInstanceId(), r.getChannel());
    return new Connection(named, config(named.channel(), r.getConfigMap()));
  }

  private Map<String, String> config(Channel channel, Map<String, String> all) {
    if (all.isEmpty()) return Map.of();
    var given = new TreeMap<>(all);
    var config = new TreeMap<String, String>();
    for (var field : channel.fields()) {
      var value = given.remove(field.name());
      if (value != null) {
        config.put(field.name(), checked(channel, field, value));
      } else if (field.required()) {
        throw missing(field);
      }
    }
    if (!given.isEmpty()) {
      throw ApiError.invalid(
          "config." + Fields.shown(given.firstKey()),
          "not a field of " + channel.id() + " (expected: " + names(channel) + ")");
    }
    return config;
  }

  static ApiError missing(Field field) {
    return ApiError.invalid(
        "config." + field.name(), "missing (expected: " + field.description() + ")");
  }

  private static String names(Channel channel) {
    return channel.fields().isEmpty()
        ? "none"
        : channel.fields().stream().map(Field::name).collect(Collectors.joining(", "));
  }

  private String checked(Channel channel, Field field, String value) {
    var name = "config." + field.name();
    var text = Fields.text(name, value, MAX_FIELD);
    if (field.isUrl()) return BaseUrl.check(name, text, Set.of(), localhostPorts);
    if (!field.form().matcher(text).matches()) {
      throw ApiError.invalid(
          name, "not what " + channel.id() + " needs (expected: " + field.expected() + ")");
    }
    return text;
  }

  static Pair pair(PairChannelRequest r) {
    var named = named(r.getInstanceId(), r.getChannel());
    if (r.hasCode() == r.hasPairingId()) {
      throw ApiError.invalid(
          "code", (r.hasCode() ? "with" : "without") + " pairing_id (expected: one of the two)");
    }
    if (r.hasCode() && !CODE.matcher(r.getCode()).matches()) {
      throw ApiError.invalid(
          "code", Fields.shown(r.getCode()) + " (expected: 4 to 16 letters and digits)");
    }
    if (r.hasPairingId() && !PAIRING.matcher(r.getPairingId()).matches()) {
      throw ApiError.invalid(
          "pairing_id",
          Fields.shown(r.getPairingId()) + " (expected: an id that ListPairings shows)");
    }
    return new Pair(
        named,
        r.hasCode() ? Optional.of(r.getCode()) : Optional.empty(),
        r.hasPairingId() ? Optional.of(r.getPairingId()) : Optional.empty());
  }
}
