package dev.chowder.server;

import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.rule;

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
 * Settings of the server; {@code reference.conf} contains their descriptions and defaults. Invalid
 * settings are rejected at startup, with the path of the setting.
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
   * Host names of instances' gateways.
   *
   * @param listenerAge how long the address of a channel plugin with its own port is cached
   */
  public record Gateway(String baseDomain, String scheme, int port, Duration listenerAge) {
    /** Returns the public URL of an instance's gateway. */
    public String urlOf(String instanceId) {
      boolean usual = scheme.equals("https") ? port == 443 : port == 80;
      return scheme + "://" + instanceId + "." + baseDomain + (usual ? "" : ":" + port);
    }
  }

  /** Limits of messages to agents. */
  public record Responses(
      Duration connectTimeout,
      Duration firstByteTimeout,
      Duration idleTimeout,
      int maxBufferedBytes,
      int maxOpen) {}

  /** Allowed values of a create; the first entry of each list is the default. */
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

  private static Gateway gateway(Config c, String defaultScheme) {
    String scheme = c.getString("scheme").isEmpty() ? defaultScheme : c.getString("scheme");
    if (!Set.of("http", "https").contains(scheme)) {
      throw bad(c, "scheme", scheme, "http or https");
    }
    return new Gateway(c.getString("base-domain"), scheme, port(c), c.getDuration("listener-age"));
  }

  /** Returns the scheme that Envoy serves. */
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
        must(
            "chowder.tls.%s (CHOWDER_TLS_%s)".formatted(unset, unset.toUpperCase(Locale.ROOT)),
            "be a PEM file, since chowder.tls." + set + " is set",
            "none"));
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
    // With 0, a test uses any free port.
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

  private static ConfigException bad(Config c, String path, String got, String allowed) {
    return new ConfigException.BadValue(
        c.getValue(path).origin(), path, rule("be " + allowed, got));
  }
}
