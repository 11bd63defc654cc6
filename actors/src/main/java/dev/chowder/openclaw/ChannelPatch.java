package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.Channel.Field;
import dev.chowder.openclaw.ChannelRecord.DesiredChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What has to change in OpenClaw's configuration for a channel to be as it was asked for, as a
 * merge patch. What others wrote for the channel stays. Pure.
 */
public final class ChannelPatch {
  private static final String PAIRING = "pairing";

  private ChannelPatch() {}

  /**
   * The patch; empty when there is nothing to change.
   *
   * @param current the configuration, secrets may be left out
   * @param former the wish that it has now
   * @param fromSandbox a URL as the sandbox has to call it
   */
  public static ObjectNode of(
      JsonNode current,
      Channel channel,
      DesiredChannel desired,
      Optional<DesiredChannel> former,
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
      } else if (former
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
    // OpenClaw itself refuses private addresses unless it is told: an operator opened this one.
    if (!url.equals(value) && !field.path().startsWith("transport.")) {
      set.withObject("/network").put("dangerouslyAllowPrivateNetwork", true);
    }
  }

  /** What holds unless somebody said otherwise. */
  private static void defaults(ObjectNode set, JsonNode now, Channel channel) {
    putIfAbsent(set, now, channel.policyPath(), PAIRING);
    if (channel == Channel.MATRIX) {
      // Whoever writes to the bot invites it to a room: without this nobody could.
      putIfAbsent(set, now, List.of("autoJoin"), "always");
    }
    if (channel == Channel.SIGNAL && set.path("transport").has("url")) {
      putIfAbsent(set, set, List.of("transport", "kind"), "external-native");
    }
  }

  private static void putIfAbsent(ObjectNode set, JsonNode now, List<String> path, String value) {
    JsonNode there = now;
    for (var name : path) there = there.path(name);
    if (there.isMissingNode() || there.isNull()) put(set, path).put(last(path), value);
  }

  /** A plugin that is there is loaded only where a channel needs it. */
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

  /** The object that the path's last name lies in. */
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
