package dev.chowder.server;

import dev.chowder.cluster.ClusterSettings;
import dev.chowder.cluster.ClusterSettings.ContactPoint;
import dev.chowder.cluster.ClusterSettings.Discovery;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Finds the ports that the installation itself uses, in a node's settings: ports of this and other
 * nodes, of the database and of the engine. Does not know a port that a node chose because its
 * setting is 0.
 */
final class ListeningPorts {
  private static final Pattern PORT = Pattern.compile(":([0-9]{1,5})(?=[,/?;]|$)");
  private static final Pattern AUTHORITY = Pattern.compile("//([^/?;]*)");

  private ListeningPorts() {}

  /**
   * Returns the ports.
   *
   * @param storageUrl JDBC URL of the database
   * @param dockerHost address of the engine, such as {@code unix:///var/run/docker.sock} or {@code
   *     tcp://127.0.0.1:2375}
   */
  static Set<Integer> of(
      ServerSettings server, ClusterSettings cluster, String storageUrl, String dockerHost) {
    var ports = new TreeSet<Integer>();
    ports.add(server.grpc().port());
    ports.add(server.operator().port());
    ports.add(server.monitoringPort());
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

  /** Returns the ports of all hosts in a URL; a JDBC URL may contain several. */
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
