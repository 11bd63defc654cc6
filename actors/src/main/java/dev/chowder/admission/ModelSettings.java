package dev.chowder.admission;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;

/**
 * Models that are used if neither the instance nor the organization's endpoint names one.
 *
 * @param image image of the sandboxes, which decides whether a pool member fits
 */
public record ModelSettings(
    String anthropic,
    String openai,
    String gemini,
    @Setting("chowder.sandbox.image") String image) {
  /** Reads {@code chowder.models.default} and {@code chowder.sandbox.image}. */
  public static ModelSettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.models.default", ModelSettings.class);
  }
}
