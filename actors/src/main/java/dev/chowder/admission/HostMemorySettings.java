package dev.chowder.admission;

import com.typesafe.config.Config;
import java.time.Duration;

/**
 * Settings of {@link HostMemoryAdmission}.
 *
 * @param gatewayBytes memory that one more gateway is expected to take
 * @param reserveBytes memory of the host that is left for all other processes
 * @param bootTime how long the memory of an admitted gateway counts as reserved
 */
public record HostMemorySettings(long gatewayBytes, long reserveBytes, Duration bootTime) {
  /** Reads {@code chowder.host}. */
  public static HostMemorySettings of(Config root) {
    var config = root.getConfig("chowder.host");
    return new HostMemorySettings(
        config.getBytes("gateway-memory"),
        config.getBytes("reserve-memory"),
        config.getDuration("boot-time"));
  }
}
