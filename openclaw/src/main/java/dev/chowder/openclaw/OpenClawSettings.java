package dev.chowder.openclaw;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The limits of calls to OpenClaw. {@code reference.conf} has the reasons.
 *
 * @param adminLimit maximum duration of one call of a gateway's admin interface
 * @param cancelLimit maximum time in which a gateway admits turns again after a suspension that was
 *     cancelled
 * @param schemaLimit maximum time in which an image returns its configuration's schema
 * @param consoleLimit how long a gateway is checked for a browser that opens its Control UI
 * @param consoleWatches maximum number of gateways that are checked for browsers at once
 * @param conversationLimit maximum duration of one conversation over a gateway's WebSocket
 * @param responses limits of gateways' responses
 * @param sessions limits of calls about sessions
 * @param channels limits of calls about channels
 */
public record OpenClawSettings(
    Duration adminLimit,
    Duration cancelLimit,
    Duration schemaLimit,
    Duration consoleLimit,
    int consoleWatches,
    Duration conversationLimit,
    Responses responses,
    Sessions sessions,
    Channels channels) {

  /**
   * The limits of one method's responses.
   *
   * @param bytes maximum bytes of the text
   * @param tokens maximum tokens of the JSON
   */
  public record ResponseLimit(long bytes, long tokens) {}

  /**
   * The limits of gateways' responses.
   *
   * @param methods limits by method
   * @param others limits of all other methods
   * @param maxDepth maximum nesting of objects and arrays
   * @param freeBytes bytes of memory of each response that do not count
   * @param maxHeldBytes maximum bytes of memory of all responses of a node, without the free bytes
   */
  public record Responses(
      Map<String, ResponseLimit> methods,
      ResponseLimit others,
      int maxDepth,
      long freeBytes,
      long maxHeldBytes) {
    public Responses {
      methods = Map.copyOf(methods);
    }

    ResponseLimit limit(String method) {
      return methods.getOrDefault(method, others);
    }
  }

  /**
   * The limits of calls about sessions.
   *
   * @param maxListed maximum number of sessions that a list covers
   * @param maxText maximum characters of one message
   * @param maxHistory maximum bytes of the messages of one page
   * @param deleteLimit maximum duration of a deletion
   * @param maxOpen maximum number of concurrent calls
   */
  public record Sessions(
      int maxListed, int maxText, int maxHistory, Duration deleteLimit, int maxOpen) {}

  /**
   * The limits of calls about channels.
   *
   * @param pluginLimit maximum duration of the installation of a plugin
   * @param applyLimit maximum time until a running gateway has the plugin and the configuration
   * @param settleLimit maximum time until a channel works or reports an error
   * @param poll time between two checks of the channel
   * @param loginLimit maximum time until there is a code to scan
   * @param loginLook how long a status request waits for the code to be scanned
   * @param codesLimit maximum duration of the command that lists codes
   * @param maxOpen maximum number of concurrent calls
   */
  public record Channels(
      Duration pluginLimit,
      Duration applyLimit,
      Duration settleLimit,
      Duration poll,
      Duration loginLimit,
      Duration loginLook,
      Duration codesLimit,
      int maxOpen) {}

  /** Reads {@code chowder.openclaw}. */
  public static OpenClawSettings of(Config root) {
    var config = root.getConfig("chowder.openclaw");
    return new OpenClawSettings(
        config.getDuration("admin-limit"),
        config.getDuration("suspend-cancel-limit"),
        config.getDuration("schema-limit"),
        config.getDuration("console-limit"),
        config.getInt("console-watches"),
        config.getDuration("conversation-limit"),
        responses(config.getConfig("responses")),
        sessions(config.getConfig("sessions")),
        channels(config.getConfig("channels")));
  }

  private static Responses responses(Config config) {
    var methods = new HashMap<String, ResponseLimit>();
    // The name of a method may have dots, so it is everything before the last dot.
    for (var entry : config.getConfig("methods").entrySet()) {
      var method = entry.getKey().substring(0, entry.getKey().lastIndexOf('.'));
      methods.put(method, limit(config.getConfig("methods." + method)));
    }
    return new Responses(
        methods,
        limit(config.getConfig("others")),
        config.getInt("max-depth"),
        config.getBytes("free"),
        config.getBytes("max-held"));
  }

  private static ResponseLimit limit(Config config) {
    return new ResponseLimit(config.getBytes("bytes"), config.getLong("tokens"));
  }

  private static Channels channels(Config config) {
    return new Channels(
        config.getDuration("plugin-limit"),
        config.getDuration("apply-limit"),
        config.getDuration("settle-limit"),
        config.getDuration("poll"),
        config.getDuration("login-limit"),
        config.getDuration("login-look"),
        config.getDuration("codes-limit"),
        config.getInt("max-open"));
  }

  private static Sessions sessions(Config config) {
    return new Sessions(
        config.getInt("max-listed"),
        config.getInt("max-text"),
        config.getBytes("max-history").intValue(),
        config.getDuration("delete-limit"),
        config.getInt("max-open"));
  }
}
