package dev.chowder.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.remote.artery.tcp.ssl.RotatingKeysSSLEngineProvider;

/**
 * How this node finds the others; {@code reference.conf} says what each value means.
 *
 * @param tls by what nodes know one another; absent: by nothing
 * @param joinLimit how long a start waits until the node is a member and knows where shards are
 * @param leaveLimit how long an orderly end may take
 */
public record ClusterSettings(
    String host,
    int managementPort,
    Discovery discovery,
    int requiredContactPoints,
    Optional<TlsSettings> tls,
    Duration joinLimit,
    Duration leaveLimit) {

  /** Where other nodes are looked for. */
  public sealed interface Discovery {
    /** Nowhere: this node is the cluster. */
    record Alone() implements Discovery {}

    /** At these management ports, this node's own among them. */
    record ContactPoints(List<ContactPoint> all) implements Discovery {}

    /** At the management port of every address that a name has. */
    record DnsName(String name) implements Discovery {}
  }

  /** One node's management port. */
  public record ContactPoint(String host, int port) {}

  /** Reads {@code chowder.cluster}. */
  public static ClusterSettings of(Config root) {
    var config = root.getConfig("chowder.cluster");
    var discovery = discovery(config);
    var host = config.getString("host");
    if (!(discovery instanceof Discovery.Alone)) refuseWildcard(host);
    return new ClusterSettings(
        host,
        config.getInt("management-port"),
        discovery,
        required(config, discovery),
        TlsSettings.of(root),
        config.getDuration("join-limit"),
        config.getDuration("leave-limit"));
  }

  private static Discovery discovery(Config config) {
    var points = config.getString("contact-points");
    var name = config.getString("dns-name").strip();
    if (!points.isBlank() && !name.isEmpty()) {
      throw new IllegalArgumentException(
          "chowder.cluster: contact-points and dns-name (expected: one of them)");
    }
    if (!name.isEmpty()) return new Discovery.DnsName(name);
    return points.isBlank()
        ? new Discovery.Alone()
        : new Discovery.ContactPoints(
            Arrays.stream(points.split(",", -1)).map(ClusterSettings::contactPoint).toList());
  }

  private static ContactPoint contactPoint(String text) {
    var point = text.strip();
    int colon = point.lastIndexOf(':');
    if (colon > 0 && point.substring(colon + 1).matches("[1-9][0-9]{0,4}")) {
      return new ContactPoint(
          point.substring(0, colon), Integer.parseInt(point.substring(colon + 1)));
    }
    throw new IllegalArgumentException(
        "chowder.cluster.contact-points: " + point + " (expected: host:port)");
  }

  private static int required(Config config, Discovery discovery) {
    int required = config.getInt("required-contact-points");
    return switch (discovery) {
      case Discovery.Alone() -> 0;
      // Zero: all that are listed, since a cluster that only some of them form may be a second one.
      case Discovery.ContactPoints(var all) -> required == 0 ? all.size() : required;
      case Discovery.DnsName _ -> {
        if (required < 1) {
          throw new IllegalArgumentException(
              "chowder.cluster.required-contact-points: "
                  + required
                  + " (expected: how many nodes form the first cluster under dns-name)");
        }
        yield required;
      }
    };
  }

  /** Other nodes are told this address; and what listens everywhere listens to everybody. */
  private static void refuseWildcard(String host) {
    try {
      if (!InetAddress.getByName(host).isAnyLocalAddress()) return;
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "chowder.cluster.host: " + host + " (expected: an address of this machine)", e);
    }
    throw new IllegalArgumentException(
        "chowder.cluster.host: " + host + " (expected: the one address that other nodes reach)");
  }

  /** The configuration that an actor system of such a node is made with. */
  public Config pekko(Config root) {
    Map<String, Object> values = new HashMap<>();
    values.put("pekko.management.http.hostname", host);
    values.put("pekko.management.http.bind-hostname", host);
    values.put("pekko.management.http.port", managementPort);
    values.put("pekko.management.http.bind-port", managementPort);
    var bootstrap = "pekko.management.cluster.bootstrap.";
    values.put(bootstrap + "contact-point.fallback-port", managementPort);
    var found = bootstrap + "contact-point-discovery.";
    values.put(found + "required-contact-point-nr", requiredContactPoints);
    switch (discovery) {
      case Discovery.Alone() -> {}
      case Discovery.ContactPoints(var all) -> {
        values.put(found + "discovery-method", "config");
        // A list does not change, so there is nothing to wait for.
        values.put(found + "stable-margin", "500ms");
        values.put(
            "pekko.discovery.config.services.chowder.endpoints",
            all.stream().map(p -> Map.of("host", p.host(), "port", p.port())).toList());
      }
      case Discovery.DnsName(var name) -> {
        values.put(found + "discovery-method", "pekko-dns");
        values.put(found + "effective-name", name);
        values.put("pekko.io.dns.resolver", "async-dns");
      }
    }
    tls.ifPresent(files -> values.putAll(artery(files)));
    return ConfigFactory.parseMap(values).withFallback(root);
  }

  private static Map<String, Object> artery(TlsSettings tls) {
    var engine = "pekko.remote.artery.ssl.rotating-keys-engine.";
    return Map.of(
        "pekko.remote.artery.transport",
        "tls-tcp",
        "pekko.remote.artery.ssl.ssl-engine-provider",
        RotatingKeysSSLEngineProvider.class.getName(),
        engine + "cert-file",
        tls.certificate().toString(),
        engine + "key-file",
        tls.key().toString(),
        engine + "ca-cert-file",
        tls.ca().toString(),
        engine + "ssl-context-cache-ttl",
        tls.reload());
  }
}
