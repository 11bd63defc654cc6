package dev.chowder.admission;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;

/**
 * Settings of {@link HostMemoryAdmission}.
 *
 * @param gatewayBytes memory that one more gateway is expected to take
 * @param reserveBytes memory of the host that is left for all other processes
 * @param bootTime how long the memory of an admitted gateway counts as reserved
 */
@Section("chowder.host")
public record HostMemorySettings(
    @Setting("gateway-memory") long gatewayBytes,
    @Setting("reserve-memory") long reserveBytes,
    Duration bootTime) {}
