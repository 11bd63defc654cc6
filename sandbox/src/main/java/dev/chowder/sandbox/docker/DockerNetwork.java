package dev.chowder.sandbox.docker;

import static dev.chowder.base.ErrorText.cannot;

import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.model.Network;
import dev.chowder.base.ClusterNames;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxException.Reason;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Manages the bridge network of all sandboxes of an installation. Containers on it cannot reach
 * each other. Gives the interface a name that firewall rules can match; does not know those rules.
 */
final class DockerNetwork {
  private final DockerApi engine;
  private final DockerSandboxSettings settings;
  private volatile @Nullable Bridge bridge;

  /** The network as the engine created it. */
  record Bridge(String name, String interfaceName, String gateway, String subnet) {}

  DockerNetwork(DockerApi engine, DockerSandboxSettings settings) {
    this.engine = engine;
    this.settings = settings;
  }

  /**
   * Returns a stable name of at most 15 characters (the kernel's limit), unique per installation.
   */
  static String interfaceName(String clusterId) {
    return "chw" + ClusterNames.shortName(clusterId);
  }

  Bridge ensure() {
    Bridge known = bridge;
    return known == null ? load() : known;
  }

  /** Clears the cache, because the engine reported that the network no longer exists. */
  void forget() {
    bridge = null;
  }

  private synchronized Bridge load() {
    Bridge known = bridge;
    if (known != null) {
      return known;
    }
    Bridge found = find().orElseGet(this::create);
    bridge = found;
    return found;
  }

  private Optional<Bridge> find() {
    return engine
        .call(
            "list networks",
            docker -> docker.listNetworksCmd().withNameFilter(settings.networkName()).exec())
        .stream()
        // The engine's filter also matches parts of names.
        .filter(network -> settings.networkName().equals(network.getName()))
        .findFirst()
        .map(DockerNetwork::describe);
  }

  private Bridge create() {
    String name = settings.networkName();
    engine.call(
        "create network " + name,
        docker -> {
          var command =
              docker
                  .createNetworkCmd()
                  .withName(name)
                  .withDriver("bridge")
                  .withCheckDuplicate(true)
                  .withEnableIpv6(false)
                  .withLabels(Map.of(DockerLabels.CLUSTER, settings.clusterId()))
                  .withOptions(
                      Map.of(
                          "com.docker.network.bridge.name",
                          interfaceName(settings.clusterId()),
                          "com.docker.network.bridge.enable_icc",
                          "false"));
          if (!settings.subnet().isEmpty()) {
            command.withIpam(
                new Network.Ipam()
                    .withConfig(List.of(new Network.Ipam.Config().withSubnet(settings.subnet()))));
          }
          try {
            return command.exec().getId();
          } catch (ConflictException another) {
            return name;
          }
        });
    return find()
        .orElseThrow(
            () ->
                new SandboxException(
                    Reason.REFUSED,
                    cannot("create network " + name, "the engine does not list it afterwards")));
  }

  private static Bridge describe(Network network) {
    Network.Ipam ipam = network.getIpam();
    var configs = ipam == null ? null : ipam.getConfig();
    if (configs == null || configs.isEmpty()) {
      throw new SandboxException(
          Reason.REFUSED, cannot("use network " + network.getName(), "it has no subnet"));
    }
    Network.Ipam.Config config = configs.getFirst();
    String interfaceName = network.getOptions().get("com.docker.network.bridge.name");
    if (interfaceName == null) {
      throw new SandboxException(
          Reason.REFUSED,
          cannot("use network " + network.getName(), "Chowder did not create it", "remove it"));
    }
    return new Bridge(network.getName(), interfaceName, gateway(config), config.getSubnet());
  }

  static String gateway(Network.Ipam.Config config) {
    String gateway = config.getGateway();
    if (gateway == null) {
      // Some engines do not report a gateway that they chose themselves. It is the first address.
      String base = config.getSubnet().substring(0, config.getSubnet().indexOf('/'));
      return base.substring(0, base.lastIndexOf('.') + 1) + "1";
    }
    return gateway;
  }
}
