package dev.chowder.openclaw.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.config.Channel.Field;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Computes the merge patch that brings a channel in OpenClaw's configuration to its desired state.
 * Keeps the settings that other writers made for the channel. Pure.
 */
public final class ChannelPatch {
  private static final String PAIRING = "pairing";

  private ChannelPatch() {}

  /**
   * Returns the patch, which is empty if there is nothing to change.
   *
   * @param current the current configuration, which may lack secrets
   * @param previous the request that the configuration has now; empty if none was applied
   * @param fromSandbox converts a URL to the one that the sandbox has to call
   */
  public static ObjectNode of(
      JsonNode current,
      Channel channel,
      DesiredChannel desired,
      Optional<DesiredChannel> previous,
      UnaryOperator<String> fromSandbox) {
    var patch = JsonNodeFactory.instance.objectNode();
    var now = current.path("channels").path(channel.id());
    if (!desired.enabled()) {
      if (now.isObject()) {
        patch.withObject("/channels/" + channel.id()).put("enabled", false);
        channel.plugin().ifPresent(_ -> entry(patch, channel).put("enabled", false));
      }
      return patch;
    }
    var set = patch.withObject("/channels/" + channel.id());
    set.put("enabled", true);
    for (var field : channel.fields()) {
      var value = desired.config().get(field.name());
      if (value != null) {
        put(set, field, value, fromSandbox);
      } else if (previous
          .map(DesiredChannel::config)
          .filter(old -> old.containsKey(field.name()))
          .isPresent()) {
        put(set, path(field)).putNull(last(path(field)));
      }
    }
    defaults(set, now, channel);
    plugin(patch, current, channel);
    return patch;
  }

  private static void put(
      ObjectNode set, Field field, String value, UnaryOperator<String> fromSandbox) {
    var path = path(field);
    if (!field.isUrl()) {
      put(set, path).put(last(path), value);
      return;
    }
    var url = fromSandbox.apply(value);
    put(set, path).put(last(path), url);
    // OpenClaw rejects private addresses by default. An operator allowed this one.
    if (!url.equals(value) && !field.path().startsWith("transport.")) {
      set.withObject("/network").put("dangerouslyAllowPrivateNetwork", true);
    }
  }

  /** Sets defaults for settings that have no value yet. */
  private static void defaults(ObjectNode set, JsonNode now, Channel channel) {
    putIfAbsent(set, now, channel.policyPath(), PAIRING);
    if (channel == Channel.MATRIX) {
      // To write to the bot, a user invites it to a room. The bot must join without a confirmation.
      putIfAbsent(set, now, List.of("autoJoin"), "always");
    }
    if (channel == Channel.SIGNAL && set.path("transport").has("url")) {
      putIfAbsent(set, set, List.of("transport", "kind"), "external-native");
    }
  }

  private static void putIfAbsent(ObjectNode set, JsonNode now, List<String> path, String value) {
    JsonNode existing = now;
    for (var name : path) existing = existing.path(name);
    if (existing.isMissingNode() || existing.isNull()) put(set, path).put(last(path), value);
  }

  /** Enables the plugin, since OpenClaw loads an installed plugin only if it is enabled. */
  private static void plugin(ObjectNode patch, JsonNode current, Channel channel) {
    if (channel.plugin().isEmpty()) return;
    entry(patch, channel).put("enabled", true);
    if (current.at("/plugins/allow").isArray()) {
      append(patch, current, List.of("plugins", "allow"), channel.id());
    }
  }

  private static ObjectNode entry(ObjectNode patch, Channel channel) {
    return patch.withObject("/plugins/entries/" + channel.id());
  }

  private static void append(
      ObjectNode patch, JsonNode current, List<String> path, String element) {
    var all = new ArrayList<String>();
    current.at("/" + String.join("/", path)).forEach(one -> all.add(one.asText()));
    if (all.contains(element)) return;
    all.add(element);
    var array = put(patch, path).putArray(last(path));
    all.forEach(array::add);
  }

  /** Returns the object that contains the path's last name, and creates it if missing. */
  private static ObjectNode put(ObjectNode object, List<String> path) {
    for (var name : path.subList(0, path.size() - 1)) object = object.withObject("/" + name);
    return object;
  }

  private static List<String> path(Field field) {
    return List.of(field.path().split("\\.", -1));
  }

  private static String last(List<String> path) {
    return path.getLast();
  }
}
