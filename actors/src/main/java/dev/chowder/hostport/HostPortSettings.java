package dev.chowder.hostport;

import dev.chowder.settings.Section;
import dev.chowder.settings.Setting;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/**
 * Loopback ports of the host that sandboxes may reach; {@code reference.conf} describes each
 * setting.
 *
 * @param models ports that a model's base URL may name, unless an operator decided otherwise
 * @param closed ports that are never opened, in addition to those that nodes listen on; includes
 *     {@code restPort} and {@code operatorRestPort}
 * @param restPort Envoy's port
 * @param operatorRestPort Envoy's port for operators
 * @param refreshInterval interval at which each node computes which ports must be open
 */
@Section("chowder.host-ports")
public record HostPortSettings(
    @Setting(min = "1", max = "65535") Set<Integer> models,
    @Setting(min = "1", max = "65535") Set<Integer> closed,
    @Setting(max = "65535") int restPort,
    @Setting(max = "65535") int operatorRestPort,
    Duration refreshInterval) {
  public static final int LAST_PORT = 65_535;

  public HostPortSettings {
    models = Set.copyOf(models);
    var all = new HashSet<>(closed);
    all.add(restPort);
    all.add(operatorRestPort);
    closed = Set.copyOf(all);
  }
}
