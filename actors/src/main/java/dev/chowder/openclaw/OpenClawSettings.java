package dev.chowder.openclaw;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Limits of the talk with OpenClaw; {@code reference.conf} says what each is for.
 *
 * @param adminLimit of one call of a gateway's admin interface
 * @param adminMaxAnswer bytes of its answer
 * @param schemaLimit of asking an image for its configuration's schema
 * @param consoleLimit how long a browser that opens a gateway's console is looked out for
 * @param consoleWatches for how many gateways at once
 * @param conversationLimit of one conversation over a gateway's WebSocket
 * @param conversationMaxAnswer characters of one answer in it
 * @param sessions of what is asked about sessions
 * @param channels of what is done with channels
 */
public record OpenClawSettings(
    Duration adminLimit,
    long adminMaxAnswer,
    Duration schemaLimit,
    Duration consoleLimit,
    int consoleWatches,
    Duration conversationLimit,
    long conversationMaxAnswer,
    Sessions sessions,
    Channels channels) {

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
        config.getBytes("admin-max-answer"),
        config.getDuration("schema-limit"),
        config.getDuration("console-limit"),
        config.getInt("console-watches"),
        config.getDuration("conversation-limit"),
        config.getBytes("conversation-max-answer"),
        sessions(config.getConfig("sessions")),
        channels(config.getConfig("channels")));
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
