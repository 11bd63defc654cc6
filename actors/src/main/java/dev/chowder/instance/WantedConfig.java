package dev.chowder.instance;

import dev.chowder.instance.ConfigValues.OverridesVersion;
import java.util.Map;

/**
 * The configuration that an effect applies to an agent's home.
 *
 * @param version its last change; 0 if no change is pending, although one that a gateway did not
 *     apply in time may be
 * @param overrides the overrides of OpenClaw's configuration
 * @param homeRecreated whether the home has none of them, whatever the previous home had
 * @param channels the version of each channel, by the channel's name
 */
public record WantedConfig(
    int version, OverridesVersion overrides, boolean homeRecreated, Map<String, String> channels) {
  /** Nothing was ever configured. */
  public static final WantedConfig NONE =
      new WantedConfig(0, OverridesVersion.NONE, false, Map.of());

  static WantedConfig of(Profile profile, boolean homeRecreated) {
    return new WantedConfig(
        profile.configPending() ? profile.configVersion() : 0,
        profile.config().overrides(),
        homeRecreated,
        profile.config().channels());
  }
}
