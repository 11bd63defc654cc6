package dev.chowder.operate.model;

import com.typesafe.config.Config;
import dev.chowder.api.v1.ModelEndpoint;
import dev.chowder.api.v1.Organization;
import dev.chowder.base.HostNetworks;
import dev.chowder.base.HostNetworks.Network;
import dev.chowder.client.Api;
import dev.chowder.client.Call;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the models that agents do not reach, because the firewall closes their addresses. Does not
 * change the firewall.
 *
 * @param connected networks that this host is directly connected to
 * @param opened destinations that the operator opened, as {@code address[/bits][:port]}
 */
public record ClosedModels(Set<Network> connected, List<String> opened) {
  /** Reads the networks of this host and the settings of a node. */
  public static ClosedModels of(Config config) {
    return new ClosedModels(
        HostNetworks.connected(),
        Arrays.stream(config.getString("chowder.sandbox.docker.may-reach").split(",", -1))
            .map(String::strip)
            .filter(each -> !each.isEmpty())
            .toList());
  }

  /** Returns the base URLs of the models that the first organization has. */
  public static List<String> stored(Api api) {
    return api
        .send(Call.get("/v1/organization"))
        .as(Organization.getDefaultInstance())
        .getModelEndpointsMap()
        .values()
        .stream()
        .map(ModelEndpoint::getBaseUrl)
        .toList();
  }

  /** Returns a warning for each of these base URLs whose address is closed. */
  public List<String> warnings(Collection<String> baseUrls) {
    return baseUrls.stream().flatMap(url -> warning(url).stream()).toList();
  }

  private Optional<String> warning(String baseUrl) {
    URI url = URI.create(baseUrl);
    // Chowder forwards the ports of localhost.
    if (url.getHost() == null || ModelSettings.portOfThisMachine(baseUrl).isPresent()) {
      return Optional.empty();
    }
    int port =
        url.getPort() > 0 ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
    return addresses(url.getHost()).stream()
        .filter(address -> isClosed(address, port))
        .findFirst()
        .map(
            address ->
                ("WARNING: agents do not reach the model at %s: %s is private or in a network of this"
                        + " host. To open it, add %s:%d to CHOWDER_SANDBOX_MAY_REACH and %s to"
                        + " CHOWDER_PRIVATE_MODEL_HOSTS.")
                    .formatted(
                        baseUrl,
                        address.getHostAddress(),
                        address.getHostAddress(),
                        port,
                        url.getHost()));
  }

  private static List<InetAddress> addresses(String host) {
    try {
      return List.of(InetAddress.getAllByName(host));
    } catch (UnknownHostException unknown) {
      return List.of();
    }
  }

  private boolean isClosed(InetAddress address, int port) {
    return HostNetworks.closed(connected).stream().anyMatch(range -> range.contains(address))
        && opened.stream().noneMatch(each -> opens(each, address, port));
  }

  private static boolean opens(String destination, InetAddress address, int port) {
    int colon = destination.indexOf(':');
    if (colon < 0) return Network.parse(destination).contains(address);
    return Network.parse(destination.substring(0, colon)).contains(address)
        && destination.substring(colon + 1).equals(Integer.toString(port));
  }
}
