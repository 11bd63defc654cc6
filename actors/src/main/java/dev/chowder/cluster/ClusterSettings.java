package dev.chowder.cluster;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
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
 * How this node finds other nodes; {@code reference.conf} documents each setting.
 *
 * @param tls files by which nodes authenticate each other; empty if they do not
 * @param joinLimit maximum time until a starting node is a member and finds shards
 * @param leaveLimit maximum time of an orderly shutdown
 */
public record ClusterSettings(
    String host,
    int managementPort,
    Discovery discovery,
    int requiredContactPoints,
    Optional<TlsSettings> tls,
    Duration joinLimit,
    Duration leaveLimit) {

  private record Values(
      String host,
      @Setting(max = "65535") int managementPort,
      String contactPoints,
      String dnsName,
      int requiredContactPoints,
      boolean plaintext,
      Duration joinTimeout,
      Duration leaveTimeout) {}

  /** The way to find other nodes. */
  public sealed interface Discovery {
    /** This node is the only one of its cluster. */
    record Alone() implements Discovery {}

    /** A list of management ports, including this node's. */
    record ContactPoints(List<ContactPoint> all) implements Discovery {}

    /** The management port at every address of a DNS name. */
    record DnsName(String name) implements Discovery {}
  }

  /** The management port of a node. */
  public record ContactPoint(String host, int port) {}

  /** Reads {@code chowder.cluster}. */
  public static ClusterSettings of(Config root) {
    var values = SettingsBinder.bind(root, "chowder.cluster", Values.class);
    var discovery = discovery(values.contactPoints, values.dnsName.strip());
    if (!(discovery instanceof Discovery.Alone)) rejectWildcard(values.host);
    int required = required(values.requiredContactPoints, discovery);
    var tls = TlsSettings.of(root);
    if (tls.isEmpty() && !values.plaintext) rejectPlainText(values.host, discovery);
    return new ClusterSettings(
        values.host,
        values.managementPort,
        discovery,
        required,
        tls,
        values.joinTimeout,
        values.leaveTimeout);
  }

  private static Discovery discovery(String points, String name) {
    if (!points.isBlank() && !name.isEmpty()) {
      throw new IllegalArgumentException(
          must("chowder.cluster", "have contact-points or dns-name", "both"));
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
        must("chowder.cluster.contact-points", "be a comma-separated list of host:port", point));
  }

  private static int required(int required, Discovery discovery) {
    return switch (discovery) {
      case Discovery.Alone() -> 0;
      // 0 requires all listed nodes: a cluster that only some of them form may be a second one.
      case Discovery.ContactPoints(var all) -> required == 0 ? all.size() : required;
      case Discovery.DnsName _ -> {
        if (required < 1) {
          throw new IllegalArgumentException(
              must(
                  "chowder.cluster.required-contact-points",
                  "be at least 1 with dns-name: the number of nodes that form a new cluster",
                  required));
        }
        yield required;
      }
    };
  }

  /**
   * Rejects the wildcard address: other nodes connect to this address, and a wildcard would listen
   * on all networks.
   */
  private static void rejectWildcard(String host) {
    try {
      if (!InetAddress.getByName(host).isAnyLocalAddress()) return;
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          must("chowder.cluster.host", "be an address of this machine", host), e);
    }
    throw new IllegalArgumentException(
        must("chowder.cluster.host", "be the one address that other nodes reach", host));
  }

  private static void rejectPlainText(String host, Discovery discovery) {
    if (PlainText.staysOnThisMachine(host, discovery)) return;
    throw new IllegalArgumentException(
        "chowder.cluster: nodes on several machines must use TLS, because their messages contain"
            + " provider keys; set CHOWDER_TLS_INTERNAL_CERTIFICATE, CHOWDER_TLS_INTERNAL_KEY and"
            + " CHOWDER_TLS_INTERNAL_CA, or CHOWDER_CLUSTER_PLAINTEXT=true if no other program reaches"
            + " their network");
  }

  /** Returns the configuration for the actor system of this node. */
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
        // A list does not change, so there is no need to wait for a stable result.
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
