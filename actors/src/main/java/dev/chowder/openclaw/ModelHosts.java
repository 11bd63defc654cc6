package dev.chowder.openclaw;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Set;

/**
 * Whether Chowder itself may call a model at an address. A name is the caller's word, and what it
 * resolves to can change from one question to the next: so it is the address that counts, at the
 * moment of the call.
 *
 * @param privateHosts what an operator allowed: {@code host} or {@code host:port}, in lower case
 */
public record ModelHosts(Set<String> privateHosts) {
  private static final String THIS_MACHINE = "localhost";
  private static final Set<String> LOOPBACK = Set.of(THIS_MACHINE, "127.0.0.1", "[::1]");

  /** No private host. */
  public static final ModelHosts PUBLIC = new ModelHosts(Set.of());

  public ModelHosts {
    privateHosts = Set.copyOf(privateHosts);
  }

  /** The host of a URL as it is compared: {@code LocalHost.} is {@code localhost}. */
  public static String plain(String host) {
    var lower = host.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /** Returns whether a URL with this host means the loopback of the machine that calls it. */
  public static boolean isThisMachine(String host) {
    return LOOPBACK.contains(plain(host));
  }

  /** Whether a URL may name this host although it leads to a private address. */
  public boolean mayBePrivate(String host, int port) {
    var plain = plain(host);
    return plain.equals(THIS_MACHINE)
        || privateHosts.contains(plain)
        || privateHosts.contains(plain + ":" + port);
  }

  /** Whether a URL with this host may be called at this address, which the host resolved to. */
  public boolean mayLeadTo(String host, int port, InetAddress address) {
    if (!isPrivate(address)) return true;
    // localhost means this machine, whatever somebody's name server says.
    return plain(host).equals(THIS_MACHINE)
        ? address.isLoopbackAddress()
        : mayBePrivate(host, port);
  }

  /**
   * Whether an address belongs to this machine, its network or nobody: anything but a public one.
   */
  public static boolean isPrivate(InetAddress address) {
    if (address.isAnyLocalAddress()
        || address.isLoopbackAddress()
        || address.isLinkLocalAddress()
        || address.isSiteLocalAddress()
        || address.isMulticastAddress()) {
      return true;
    }
    return switch (address) {
      case Inet4Address v4 -> isPrivate(v4.getAddress());
      case Inet6Address v6 -> !isPublic(v6.getAddress());
      default -> true;
    };
  }

  /** RFC 6890's ranges that {@link InetAddress} does not know. */
  private static boolean isPrivate(byte[] v4) {
    int a = v4[0] & 0xff;
    int b = v4[1] & 0xff;
    int c = v4[2] & 0xff;
    return a == 0
        || a >= 240
        || (a == 100 && b >= 64 && b <= 127)
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19));
  }

  /** Only 2000::/3 is; of it, 6to4 (2002::/16) and Teredo (2001::/32) carry an IPv4 address. */
  private static boolean isPublic(byte[] v6) {
    int first = (v6[0] & 0xff) << 8 | (v6[1] & 0xff);
    int second = (v6[2] & 0xff) << 8 | (v6[3] & 0xff);
    return (first & 0xe000) == 0x2000 && first != 0x2002 && !(first == 0x2001 && second == 0);
  }
}
