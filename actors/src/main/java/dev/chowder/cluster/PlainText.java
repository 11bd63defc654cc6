package dev.chowder.cluster;

import dev.chowder.cluster.ClusterSettings.ContactPoint;
import dev.chowder.cluster.ClusterSettings.Discovery;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.util.List;

/**
 * Decides whether nodes may call each other without TLS: only if all of them run on this machine.
 * Messages between nodes contain provider keys, and a client that reaches the ports can act as a
 * node.
 */
final class PlainText {
  private PlainText() {}

  /**
   * Returns whether all nodes are on this machine. A node on a loopback address is reachable only
   * from there. The addresses of a DNS name may change, so they count as other machines.
   *
   * @param host the address of this node
   */
  static boolean staysOnThisMachine(String host, Discovery discovery) {
    return switch (discovery) {
      case Discovery.Alone() -> true;
      case Discovery.ContactPoints(var all) -> isLoopback(host) || areHere(all);
      case Discovery.DnsName _ -> isLoopback(host);
    };
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (IOException unknown) {
      return false;
    }
  }

  private static boolean areHere(List<ContactPoint> points) {
    try {
      for (var point : points) {
        var address = InetAddress.getByName(point.host());
        if (NetworkInterface.getByInetAddress(address) == null) return false;
      }
      return true;
    } catch (IOException unknown) {
      return false;
    }
  }
}
