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
 */
public record OpenClawSettings(
    Duration adminLimit,
    long adminMaxAnswer,
    Duration schemaLimit,
    Duration consoleLimit,
    int consoleWatches,
    Duration conversationLimit,
    long conversationMaxAnswer,
    Sessions sessions) {

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
        sessions(config.getConfig("sessions")));
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
