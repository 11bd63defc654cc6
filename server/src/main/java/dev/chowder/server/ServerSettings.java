package dev.chowder.server;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What the edge is told by configuration; {@code reference.conf} says what each value means and
 * what it is by default. Reading it fails at start, with the value's path, rather than later.
 */
public record ServerSettings(
    Path home,
    InetAddress bind,
    boolean signUpOpen,
    boolean unisolatedOrganizations,
    Grpc grpc,
    Operator operator,
    Gateway gateway,
    Responses responses,
    Instances instances,
    Set<String> privateModelHosts) {

  /** The gRPC port and its limits. */
  public record Grpc(
      int port,
      int maxMessageBytes,
      int maxMetadataBytes,
      int maxCallsPerConnection,
      int maxOpenCalls,
      long maxIncompleteBytes,
      Duration permitKeepAliveTime,
      Duration keepAliveTime,
      Duration keepAliveTimeout,
      Duration maxConnectionIdle,
      Duration handshakeTimeout,
      Duration shutdownNotice,
      Duration shutdownGrace) {}

  /** The operator's port and its limits. */
  public record Operator(
      int port,
      int maxBodyBytes,
      int maxRequests,
      Duration requestTimeout,
      Duration backupTimeout,
      Duration rebuildTimeout) {}

  /**
   * Under which names callers reach instances' gateways.
   *
   * @param listenerAge how long it is believed where a listener beside the gateway is
   */
  public record Gateway(String baseDomain, String scheme, int port, Duration listenerAge) {
    /** The public URL of one instance's gateway. */
    public String urlOf(String instanceId) {
      boolean usual = scheme.equals("https") ? port == 443 : port == 80;
      return scheme + "://" + instanceId + "." + baseDomain + (usual ? "" : ":" + port);
    }
  }

  /** The limits of messages to agents. */
  public record Responses(
      Duration connectTimeout,
      Duration firstByteTimeout,
      Duration idleTimeout,
      int maxBufferedBytes,
      int maxOpen) {}

  /** What a create may ask for; the first of each list is the default. */
  public record Instances(
      List<String> modelProviders,
      String defaultModelProvider,
      List<String> sandboxProviders,
      List<String> openclawVersions,
      List<String> regions,
      int maxOpenclawConfigBytes,
      int maxOpenclawConfigDepth,
      int maxLabels) {}

  /** Reads the block {@code chowder}. */
  public static ServerSettings of(Config root) {
    Config c = root.getConfig("chowder");
    InetAddress bind = address(c, "bind");
    return new ServerSettings(
        Path.of(c.getString("home")),
        bind,
        switch (c.getString("sign-up-open")) {
          case "yes" -> true;
          case "no" -> false;
          case "loopback" -> bind.isLoopbackAddress();
          case String other -> throw bad(c, "sign-up-open", other, "yes, no or loopback");
        },
        c.getBoolean("unisolated-organizations"),
        grpc(c.getConfig("grpc")),
        operator(c.getConfig("operator")),
        gateway(c.getConfig("gateway"), publicScheme(c.getConfig("tls"))),
        responses(c.getConfig("responses")),
        instances(c.getConfig("instances")),
        Set.copyOf(words(c.getString("models.private-hosts"))));
  }

  private static Grpc grpc(Config c) {
    return new Grpc(
        port(c),
        c.getInt("max-message-bytes"),
        c.getInt("max-metadata-bytes"),
        c.getInt("max-calls-per-connection"),
        c.getInt("max-open-calls"),
        c.getBytes("max-incomplete-bytes"),
        c.getDuration("permit-keep-alive-time"),
        c.getDuration("keep-alive-time"),
        c.getDuration("keep-alive-timeout"),
        c.getDuration("max-connection-idle"),
        c.getDuration("handshake-timeout"),
        c.getDuration("shutdown-notice"),
        c.getDuration("shutdown-grace"));
  }

  private static Operator operator(Config c) {
    return new Operator(
        port(c),
        c.getInt("max-body-bytes"),
        c.getInt("max-requests"),
        c.getDuration("request-timeout"),
        c.getDuration("backup-timeout"),
        c.getDuration("rebuild-timeout"));
  }

  private static Gateway gateway(Config c, String usualScheme) {
    String scheme = c.getString("scheme").isEmpty() ? usualScheme : c.getString("scheme");
    if (!Set.of("http", "https").contains(scheme)) {
      throw bad(c, "scheme", scheme, "http or https");
    }
    return new Gateway(c.getString("base-domain"), scheme, port(c), c.getDuration("listener-age"));
  }

  /** What Envoy speaks to callers. */
  private static String publicScheme(Config c) {
    boolean certificate = !c.getString("certificate").isBlank();
    boolean key = !c.getString("key").isBlank();
    if (certificate && key) return "https";
    if (certificate) throw alone("key", "certificate");
    if (key) throw alone("certificate", "key");
    if (!c.getString("client-ca").isBlank()) throw alone("certificate", "client-ca");
    return "http";
  }

  private static IllegalArgumentException alone(String unset, String set) {
    return new IllegalArgumentException(
        "chowder.tls.%s (CHOWDER_TLS_%s): not set (expected: a PEM file, as chowder.tls.%s is set)"
            .formatted(unset, unset.toUpperCase(Locale.ROOT), set));
  }

  private static Responses responses(Config c) {
    return new Responses(
        c.getDuration("connect-timeout"),
        c.getDuration("first-byte-timeout"),
        c.getDuration("idle-timeout"),
        c.getInt("max-buffered-bytes"),
        c.getInt("max-open"));
  }

  private static Instances instances(Config c) {
    return new Instances(
        List.copyOf(c.getStringList("model-providers")),
        c.getString("default-model-provider"),
        List.copyOf(c.getStringList("sandbox-providers")),
        List.copyOf(c.getStringList("openclaw-versions")),
        List.copyOf(c.getStringList("regions")),
        c.getInt("max-openclaw-config-bytes"),
        c.getInt("max-openclaw-config-depth"),
        c.getInt("max-labels"));
  }

  private static int port(Config c) {
    int port = c.getInt("port");
    // 0 lets a test take any free one.
    if (port < 0 || port > 65535) {
      throw bad(c, "port", Integer.toString(port), "0 to 65535");
    }
    return port;
  }

  private static InetAddress address(Config c, String path) {
    try {
      return InetAddress.getByName(c.getString(path));
    } catch (UnknownHostException e) {
      throw bad(c, path, c.getString(path), "an address of this machine");
    }
  }

  private static List<String> words(String commaSeparated) {
    return Arrays.stream(commaSeparated.split(",", -1))
        .map(String::strip)
        .filter(word -> !word.isEmpty())
        .toList();
  }

  private static ConfigException bad(Config c, String path, String got, String expected) {
    return new ConfigException.BadValue(
        c.getValue(path).origin(), path, got + " (expected: " + expected + ")");
  }
}
