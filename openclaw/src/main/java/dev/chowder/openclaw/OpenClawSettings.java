package dev.chowder.openclaw;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;
import java.util.Map;

/**
 * The limits of calls to OpenClaw. {@code reference.conf} has the reasons.
 *
 * @param adminTimeout maximum duration of one call of a gateway's admin interface
 * @param suspendCancelTimeout maximum time in which a gateway admits turns again after a suspension
 *     that was cancelled
 * @param schemaTimeout maximum time in which an image returns its configuration's schema
 * @param controlUiTimeout how long a gateway is checked for a browser that opens its Control UI
 * @param maxControlUiWatches maximum number of gateways that are checked for browsers at once
 * @param conversationTimeout maximum duration of one conversation over a gateway's WebSocket
 * @param warmUpTimeout maximum duration of the warm-up turns of a pool member's gateway
 * @param warmUpDelay time after these turns in which no request leaves the gateway
 * @param responses limits of gateways' responses
 * @param sessions limits of calls about sessions
 * @param channels limits of calls about channels
 */
public record OpenClawSettings(
    Duration adminTimeout,
    Duration suspendCancelTimeout,
    Duration schemaTimeout,
    Duration controlUiTimeout,
    int maxControlUiWatches,
    Duration conversationTimeout,
    Duration warmUpTimeout,
    Duration warmUpDelay,
    Responses responses,
    Sessions sessions,
    Channels channels) {

  /**
   * The limits of one method's responses.
   *
   * @param maxBytes maximum bytes of the text
   * @param maxTokens maximum tokens of the JSON
   */
  public record ResponseLimit(long maxBytes, long maxTokens) {}

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
      @Setting("max-held-bytes") long maxHeldBytes) {
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
   * @param deleteTimeout maximum duration of a deletion
   * @param maxOpen maximum number of concurrent calls
   */
  public record Sessions(
      int maxListed,
      int maxText,
      @Setting(value = "max-history", size = true) int maxHistory,
      Duration deleteTimeout,
      int maxOpen) {}

  /**
   * The limits of calls about channels.
   *
   * @param pluginTimeout maximum duration of the installation of a plugin
   * @param applyTimeout maximum time until a running gateway has the plugin and the configuration
   * @param connectTimeout maximum time until a channel works or reports an error
   * @param pollInterval time between two checks of the channel
   * @param loginTimeout maximum time until there is a code to scan
   * @param scanTimeout how long a status request waits for the code to be scanned
   * @param codesTimeout maximum duration of the command that lists codes
   * @param maxOpen maximum number of concurrent calls
   */
  public record Channels(
      Duration pluginTimeout,
      Duration applyTimeout,
      Duration connectTimeout,
      Duration pollInterval,
      Duration loginTimeout,
      Duration scanTimeout,
      Duration codesTimeout,
      int maxOpen) {}

  /** Reads {@code chowder.openclaw}. */
  public static OpenClawSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.openclaw", OpenClawSettings.class);
  }
}
