package dev.chowder.openclaw.model;

import dev.chowder.base.HostNetworks;
import dev.chowder.base.HostNetworks.Network;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Set;

/**
 * Decides whether Chowder itself may call a model at an address. A caller chooses the host name,
 * and it can resolve to another address at each query. So the address at the time of the call
 * decides.
 *
 * @param privateHosts the hosts that an operator allowed: {@code host} or {@code host:port}, in
 *     lower case
 */
public record ModelHosts(Set<String> privateHosts) {
  private static final String THIS_MACHINE = "localhost";
  private static final Set<String> LOOPBACK = Set.of(THIS_MACHINE, "127.0.0.1", "[::1]");

  /** Allows no private host. */
  public static final ModelHosts PUBLIC = new ModelHosts(Set.of());

  public ModelHosts {
    privateHosts = Set.copyOf(privateHosts);
  }

  /** Returns the host of a URL in its compared form: {@code LocalHost.} is {@code localhost}. */
  public static String plain(String host) {
    var lower = host.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /** Returns whether a URL with this host means the loopback of the machine that calls it. */
  public static boolean isThisMachine(String host) {
    return LOOPBACK.contains(plain(host));
  }

  /** Returns whether a URL may name this host although it resolves to a private address. */
  public boolean mayBePrivate(String host, int port) {
    var plain = plain(host);
    return plain.equals(THIS_MACHINE)
        || privateHosts.contains(plain)
        || privateHosts.contains(plain + ":" + port);
  }

  /** Returns whether this host may be called at this address, to which it resolved. */
  public boolean mayLeadTo(String host, int port, InetAddress address) {
    if (!isPrivate(address)) return true;
    // localhost means this machine, whatever a name server returns.
    return plain(host).equals(THIS_MACHINE)
        ? address.isLoopbackAddress()
        : mayBePrivate(host, port);
  }

  /**
   * Returns whether an address is not a public one: of this machine, of a network that it is
   * directly connected to, or reserved.
   */
  public static boolean isPrivate(InetAddress address) {
    return isPrivate(address, HostNetworks.connected());
  }

  static boolean isPrivate(InetAddress address, Set<Network> connected) {
    if (connected.stream().anyMatch(network -> network.contains(address))) return true;
    return address instanceof Inet6Address
        ? !isPublic(address.getAddress())
        : HostNetworks.NOT_THE_INTERNET.stream().anyMatch(network -> network.contains(address));
  }

  /**
   * Allows 2000::/3 without 6to4 (2002::/16) and Teredo (2001::/32), which carry IPv4 addresses,
   * and without documentation (2001:db8::/32, RFC 3849).
   */
  private static boolean isPublic(byte[] v6) {
    int first = (v6[0] & 0xff) << 8 | (v6[1] & 0xff);
    int second = (v6[2] & 0xff) << 8 | (v6[3] & 0xff);
    return (first & 0xe000) == 0x2000
        && first != 0x2002
        && !(first == 0x2001 && (second == 0 || second == 0x0db8));
  }
}
