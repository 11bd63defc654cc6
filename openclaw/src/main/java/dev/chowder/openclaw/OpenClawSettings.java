package dev.chowder.openclaw;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;
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
 * @param warmUpLimit maximum duration of the warm-up turns of a pool member's gateway
 * @param warmUpSettle time after these turns in which no request leaves the gateway
 * @param responses limits of gateways' responses
 * @param sessions limits of calls about sessions
 * @param channels limits of calls about channels
 */
public record OpenClawSettings(
    Duration adminLimit,
    @Setting("suspend-cancel-limit") Duration cancelLimit,
    Duration schemaLimit,
    Duration consoleLimit,
    int consoleWatches,
    Duration conversationLimit,
    Duration warmUpLimit,
    Duration warmUpSettle,
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
      @Setting("free") long freeBytes,
      @Setting("max-held") long maxHeldBytes) {
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
      int maxListed,
      int maxText,
      @Setting(value = "max-history", size = true) int maxHistory,
      Duration deleteLimit,
      int maxOpen) {}

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
    return SettingsBinder.bind(root, "chowder.openclaw", OpenClawSettings.class);
  }
}
