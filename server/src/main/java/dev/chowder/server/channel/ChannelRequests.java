package dev.chowder.server.channel;

import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.shown;

import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.Channel.Field;
import dev.chowder.server.error.ApiError;
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
 * Parses and checks the requests of {@code ChannelService}. Errors never contain the value of a
 * channel's field, since it may be a secret. Does not check that the instance exists.
 *
 * @param localhostPorts accepts the ports of localhost that the operator opened for channels
 */
public record ChannelRequests(IntPredicate localhostPorts) {
  private static final Pattern PAIRING = Pattern.compile("[A-Za-z0-9_-]{1,128}");

  /** A channel of an instance. */
  record Named(InstanceId instance, Channel channel) {}

  /** A request to connect a channel. If {@code config} is empty, the stored fields apply. */
  record Connection(Named named, Map<String, String> config) {}

  /** A request to approve a pairing, which has either a code or an id. */
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
                        Reason.CHANNEL_NOT_FOUND, must("channel", "be one of " + ids(), channel))));
  }

  private static String ids() {
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
        config.put(field.name(), checked(field, value));
      } else if (field.required()) {
        throw missing(field);
      }
    }
    if (!given.isEmpty()) {
      throw ApiError.must(
          "config." + shown(given.firstKey()),
          "not be set, since " + channel.id() + " has " + fields(channel));
    }
    return config;
  }

  static ApiError missing(Field field) {
    var description = field.description().replaceAll("\\.$", "");
    return ApiError.must("config." + field.name(), "be set (" + description + ")");
  }

  private static String fields(Channel channel) {
    return channel.fields().isEmpty()
        ? "no fields"
        : channel.fields().stream()
            .map(Field::name)
            .collect(Collectors.joining(", ", "only the fields ", ""));
  }

  private String checked(Field field, String text) {
    var name = "config." + field.name();
    if (field.isUrl()) return BaseUrl.check(name, text, Set.of(), localhostPorts);
    if (!field.form().matcher(text).matches()) {
      throw ApiError.must(name, "be " + field.expected());
    }
    return text;
  }

  static Pair pair(PairChannelRequest r) {
    var named = named(r.getInstanceId(), r.getChannel());
    if (r.hasCode() == r.hasPairingId()) {
      throw ApiError.must(
          "code", "be set if pairing_id is not, and only then", r.hasCode() ? "both" : "neither");
    }
    if (r.hasPairingId() && !PAIRING.matcher(r.getPairingId()).matches()) {
      throw ApiError.must("pairing_id", "be an id that ListPairings returned", r.getPairingId());
    }
    return new Pair(
        named,
        r.hasCode() ? Optional.of(r.getCode()) : Optional.empty(),
        r.hasPairingId() ? Optional.of(r.getPairingId()) : Optional.empty());
  }
}
