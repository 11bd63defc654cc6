package dev.chowder.openclaw;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * Limits of the talk with OpenClaw; {@code reference.conf} says what each is for.
 *
 * @param adminLimit of one call of a gateway's admin interface
 * @param schemaLimit of asking an image for its configuration's schema
 * @param consoleLimit how long a browser that opens a gateway's console is looked out for
 * @param consoleWatches for how many gateways at once
 * @param conversationLimit of one conversation over a gateway's WebSocket
 * @param responses of the responses of gateways
 * @param sessions of what is asked about sessions
 * @param channels of what is done with channels
 */
public record OpenClawSettings(
    Duration adminLimit,
    Duration schemaLimit,
    Duration consoleLimit,
    int consoleWatches,
    Duration conversationLimit,
    Responses responses,
    Sessions sessions,
    Channels channels) {

  /**
   * Limits of one method's responses.
   *
   * @param bytes of its text
   * @param tokens of its JSON
   */
  public record ResponseLimit(long bytes, long tokens) {}

  /**
   * Limits of the responses of gateways.
   *
   * @param methods by method
   * @param others of all other methods
   * @param maxDepth levels of objects and arrays in one another
   * @param freeBytes bytes of memory of each response that do not count
   * @param maxHeldBytes bytes of memory that all responses of a node may take beyond that
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
   * Limits of what is asked about sessions.
   *
   * @param maxListed sessions that are listed
   * @param maxText characters of one message
   * @param maxHistory bytes of the messages of one page
   * @param deleteLimit of a deletion
   * @param maxOpen calls at once
   */
  public record Sessions(
      int maxListed, int maxText, int maxHistory, Duration deleteLimit, int maxOpen) {}

  /**
   * Limits of what is done with channels.
   *
   * @param pluginLimit of the installation of a plugin
   * @param applyLimit until a running gateway has the configuration, and the plugin before it
   * @param settleLimit until a channel says that it works, or what is wrong
   * @param poll between two looks at it
   * @param loginLimit until there is a code to scan
   * @param loginLook how long one look waits for it to be scanned
   * @param codesLimit of the command that lists codes
   * @param maxOpen calls at once
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
    // A method may have dots in its name, which is everything before the last dot.
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
