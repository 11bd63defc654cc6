package dev.chowder.instance;

import dev.chowder.instance.ConfigValues.OverridesVersion;
import java.util.Map;

/**
 * The configuration that an effect is to bring to an agent's home.
 *
 * @param version up to which change it is; 0 if no change is pending, though what a gateway did not
 *     take in time may be
 * @param overrides the overrides onto OpenClaw's configuration
 * @param homeIsNew whether the home has none of them, whatever the home before it had
 * @param channels the version of each channel, by the channel's name
 */
public record WantedConfig(
    int version, OverridesVersion overrides, boolean homeIsNew, Map<String, String> channels) {
  /** Nothing was ever configured. */
  public static final WantedConfig NONE =
      new WantedConfig(0, OverridesVersion.NONE, false, Map.of());

  static WantedConfig of(Profile profile, boolean homeIsNew) {
    return new WantedConfig(
        profile.configOwed() ? profile.configVersion() : 0,
        profile.config().overrides(),
        homeIsNew,
        profile.config().channels());
  }
}
