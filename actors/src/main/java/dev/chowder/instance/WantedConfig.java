package dev.chowder.instance;

import dev.chowder.instance.ConfigValues.OverridesVersion;
import java.util.Map;

/**
 * The configuration that an effect applies to an agent's home volume.
 *
 * @param version the last change; 0 if no change is pending. Overrides that a gateway did not apply
 *     in time may still be pending.
 * @param overrides the overrides of OpenClaw's configuration
 * @param homeRecreated whether all overrides must be applied, since the volume is new or reappeared
 *     after another one
 * @param channels the version of each channel, by channel name
 */
public record WantedConfig(
    int version, OverridesVersion overrides, boolean homeRecreated, Map<String, String> channels) {
  /** The configuration without overrides and channels. */
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
