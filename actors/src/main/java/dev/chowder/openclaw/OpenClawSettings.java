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
 */
public record OpenClawSettings(
    Duration adminLimit,
    long adminMaxAnswer,
    Duration schemaLimit,
    Duration consoleLimit,
    int consoleWatches) {

  /** Reads {@code chowder.openclaw}. */
  public static OpenClawSettings of(Config root) {
    var config = root.getConfig("chowder.openclaw");
    return new OpenClawSettings(
        config.getDuration("admin-limit"),
        config.getBytes("admin-max-answer"),
        config.getDuration("schema-limit"),
        config.getDuration("console-limit"),
        config.getInt("console-watches"));
  }
}
