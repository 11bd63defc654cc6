package dev.chowder.sandbox.docker;

import com.github.dockerjava.api.model.HostConfig;
import java.util.List;
import java.util.Map;

/**
 * Simulates all machines outside: a container on its own network with an address in each kind of
 * network. Responds on ports 80 and 81, and echoes on 82. Is removed with its container.
 */
final class OutsideMachine implements AutoCloseable {
  static final int PORT = 80;

  /** The address on the other end of the link. */
  private static final String FAR_ADDRESS = "192.88.98.2";

  /**
   * An address in each range outside the internet, and one in a network of this host; the last is
   * that of metadata servers. Docker assigns 172.17.0.0 to 172.31.255.255 and then 192.168.0.0
   * upwards to its networks. These addresses are not in such a network, because packets to a
   * sandbox's own network would not leave it.
   */
  static final List<String> CLOSED =
      List.of(
          "10.213.77.2",
          "172.16.213.2",
          "192.168.255.2",
          "100.99.77.2",
          "192.0.2.213",
          "198.51.100.2",
          "203.0.113.2",
          FAR_ADDRESS,
          "168.63.129.16",
          "169.254.169.254");

  /** An anycast address that is deprecated, so no machine has it (RFC 7526). */
  static final String INTERNET = "192.88.99.2";

  /** This host's address on that link, in a network outside RFC 1918. */
  static final String HOST_ADDRESS = "192.88.98.1";

  private static final String WIRE = "chwit0";
  private static final String FAR_END = "chwit1";

  /** The port that echoes, so that its connections stay open. */
  static final int HOLDING_PORT = 82;

  private static final String SERVER =
      "for (const p of [80, 81]) require('net').createServer(s => s.end()).listen(p, '0.0.0.0');"
          + "require('net').createServer(s => s.on('error', () => {}).pipe(s)).listen(82, '0.0.0.0')";

  private final DockerTestEngine docker;
  private final String container;

  private OutsideMachine(DockerTestEngine docker, String container) {
    this.docker = docker;
    this.container = container;
  }

  static OutsideMachine connect(DockerTestEngine docker) {
    String container =
        docker
            .client()
            .createContainerCmd(DockerTestEngine.SNAPSHOT)
            .withLabels(Map.of(DockerLabels.CLUSTER, docker.clusterId()))
            .withUser("0:0")
            .withCmd("node", "-e", SERVER)
            .withHostConfig(HostConfig.newHostConfig().withNetworkMode("none"))
            .exec()
            .getId();
    docker.client().startContainerCmd(container).exec();
    String pid = "" + docker.client().inspectContainerCmd(container).exec().getState().getPidLong();
    docker.root("ip", "link", "add", WIRE, "type", "veth", "peer", "name", FAR_END);
    docker.root("ip", "link", "set", FAR_END, "netns", pid);
    docker.root("ip", "addr", "add", HOST_ADDRESS + "/24", "dev", WIRE);
    docker.root("ip", "link", "set", WIRE, "up");
    docker.root(
        "nsenter", "-t", pid, "-n", "ip", "addr", "add", FAR_ADDRESS + "/24", "dev", FAR_END);
    docker.root("nsenter", "-t", pid, "-n", "ip", "addr", "add", INTERNET + "/32", "dev", FAR_END);
    docker.root("nsenter", "-t", pid, "-n", "ip", "link", "set", FAR_END, "up");
    docker.root("nsenter", "-t", pid, "-n", "ip", "route", "add", "default", "via", HOST_ADDRESS);
    docker.root("ip", "route", "add", INTERNET + "/32", "via", FAR_ADDRESS);
    for (String address : CLOSED) {
      docker.root("nsenter", "-t", pid, "-n", "ip", "addr", "add", address + "/32", "dev", FAR_END);
      docker.root("ip", "route", "add", address + "/32", "dev", WIRE);
    }
    return new OutsideMachine(docker, container);
  }

  List<String> probe(List<String> targets) {
    return docker.probe(container, targets);
  }

  @Override
  public void close() {
    docker.client().removeContainerCmd(container).withForce(true).exec();
  }
}
