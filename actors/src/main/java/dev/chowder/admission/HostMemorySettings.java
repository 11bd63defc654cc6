package dev.chowder.admission;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.time.Duration;

/**
 * Settings of {@link HostMemoryAdmission}.
 *
 * @param gatewayBytes memory that one more gateway is expected to take
 * @param reserveBytes memory of the host that is left for all other processes
 * @param bootTime how long the memory of an admitted gateway counts as reserved
 */
public record HostMemorySettings(
    @Setting("gateway-memory") long gatewayBytes,
    @Setting("reserve-memory") long reserveBytes,
    Duration bootTime) {
  /** Reads {@code chowder.host}. */
  public static HostMemorySettings of(Config root) {
    return SettingsBinder.bind(root, "chowder.host", HostMemorySettings.class);
  }
}
