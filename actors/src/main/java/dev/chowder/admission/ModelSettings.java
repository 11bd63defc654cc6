package dev.chowder.admission;

import com.typesafe.config.Config;

/**
 * Models that are used if neither the instance nor the organization's endpoint names one.
 *
 * @param image image of the sandboxes, which decides whether a pool member fits
 */
public record ModelSettings(String anthropic, String openai, String gemini, String image) {
  /** Reads {@code chowder.models.default} and {@code chowder.sandbox.image}. */
  public static ModelSettings of(Config root) {
    var config = root.getConfig("chowder.models.default");
    return new ModelSettings(
        config.getString("anthropic"),
        config.getString("openai"),
        config.getString("gemini"),
        root.getString("chowder.sandbox.image"));
  }
}
