package dev.chowder.server;

import dev.chowder.cluster.ClusterSettings;
import dev.chowder.cluster.ClusterSettings.ContactPoint;
import dev.chowder.cluster.ClusterSettings.Discovery;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Finds in a node's settings the ports that the installation itself uses: the node's, other nodes',
 * the database's and the engine's. Does not find a port that a node chooses because its setting is
 * 0.
 */
final class ListeningPorts {
  private static final Pattern PORT = Pattern.compile(":([0-9]{1,5})(?=[,/?;]|$)");
  private static final Pattern AUTHORITY = Pattern.compile("//([^/?;]*)");

  private ListeningPorts() {}

  /**
   * Returns the ports.
   *
   * @param storageUrl JDBC
   * @param dockerHost such as {@code unix:///var/run/docker.sock} or {@code tcp://127.0.0.1:2375}
   */
  static Set<Integer> of(
      ServerSettings server, ClusterSettings cluster, String storageUrl, String dockerHost) {
    var ports = new TreeSet<Integer>();
    ports.add(server.grpc().port());
    ports.add(server.operator().port());
    ports.add(server.gateway().port());
    ports.add(cluster.managementPort());
    if (cluster.discovery() instanceof Discovery.ContactPoints(var all)) {
      all.stream().map(ContactPoint::port).forEach(ports::add);
    }
    ports.addAll(ofUrl(storageUrl));
    ports.addAll(ofUrl(dockerHost));
    ports.remove(0);
    return ports;
  }

  /** A JDBC URL may name several hosts. */
  private static Set<Integer> ofUrl(String url) {
    var ports = new TreeSet<Integer>();
    var authority = AUTHORITY.matcher(url);
    if (authority.find()) {
      PORT.matcher(authority.group(1))
          .results()
          .forEach(found -> ports.add(Integer.parseInt(found.group(1))));
    }
    return ports;
  }
}
