package dev.chowder.base;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Knows which IPv4 addresses are not on the internet, and reads the networks that this host is
 * directly connected to from the addresses of its interfaces. Does not read routes, because a VPN
 * for all traffic has routes to its interface for the whole internet.
 */
public final class HostNetworks {
  /**
   * Address ranges outside the internet: this network, private (RFC 1918), carrier-grade NAT (RFC
   * 6598), loopback, Azure's services of the host, link-local with the clouds' metadata addresses
   * (RFC 3927), protocol assignments (RFC 6890), documentation (RFC 5737), benchmarks (RFC 2544),
   * multicast, reserved and broadcast.
   */
  public static final List<Network> NOT_THE_INTERNET =
      Stream.of(
              "0.0.0.0/8",
              "10.0.0.0/8",
              "100.64.0.0/10",
              "127.0.0.0/8",
              "168.63.129.16/32",
              "169.254.0.0/16",
              "172.16.0.0/12",
              "192.0.0.0/24",
              "192.0.2.0/24",
              "192.168.0.0/16",
              "198.18.0.0/15",
              "198.51.100.0/24",
              "203.0.113.0/24",
              "224.0.0.0/4",
              "240.0.0.0/4")
          .map(Network::parse)
          .toList();

  private HostNetworks() {}

  /**
   * A range of addresses.
   *
   * @param address the first one
   * @param bits the length of the prefix that all have
   */
  public record Network(InetAddress address, int bits) implements Comparable<Network> {
    /** Creates the range with this prefix. Later bits of the address may have any value. */
    public Network {
      byte[] bytes = address.getAddress();
      for (int bit = bits; bit < bytes.length * 8; bit++) {
        bytes[bit / 8] &= (byte) ~(0x80 >> (bit % 8));
      }
      address = at(bytes);
    }

    /**
     * Parses {@code address[/bits]}, without a name server.
     *
     * @throws IllegalArgumentException if the text is no such range
     */
    public static Network parse(String text) {
      int slash = text.indexOf('/');
      var address = InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
      return new Network(
          address,
          slash < 0
              ? address.getAddress().length * 8
              : Integer.parseInt(text.substring(slash + 1)));
    }

    public boolean contains(InetAddress other) {
      return other.getAddress().length == address.getAddress().length
          && new Network(other, bits).address.equals(address);
    }

    /** Returns whether all addresses of another network are in this one. */
    public boolean contains(Network other) {
      return other.bits >= bits && contains(other.address);
    }

    /** Returns whether these are IPv4 addresses. */
    public boolean isIpv4() {
      return address.getAddress().length == 4;
    }

    private static InetAddress at(byte[] bytes) {
      try {
        return InetAddress.getByAddress(bytes);
      } catch (UnknownHostException impossible) {
        throw new IllegalStateException(impossible);
      }
    }

    @Override
    public int compareTo(Network other) {
      int order = Arrays.compareUnsigned(address.getAddress(), other.address.getAddress());
      return order == 0 ? Integer.compare(bits, other.bits) : order;
    }

    @Override
    public String toString() {
      return address.getHostAddress() + "/" + bits;
    }
  }

  /**
   * Returns the ranges that sandboxes do not reach unless an operator opens them: those outside the
   * internet, and further networks.
   */
  public static List<Network> closed(Set<Network> connected) {
    var further =
        connected.stream()
            .filter(Network::isIpv4)
            .filter(each -> NOT_THE_INTERNET.stream().noneMatch(range -> range.contains(each)));
    return Stream.concat(NOT_THE_INTERNET.stream(), further).toList();
  }

  /** Returns the networks at this moment, in order. None of them is the whole internet. */
  public static Set<Network> connected() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(each -> each.getInterfaceAddresses().stream())
          .filter(each -> each.getNetworkPrefixLength() > 0)
          .map(each -> new Network(each.getAddress(), each.getNetworkPrefixLength()))
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (SocketException unreadable) {
      throw new IllegalStateException("cannot read the interfaces of this host", unreadable);
    }
  }
}
