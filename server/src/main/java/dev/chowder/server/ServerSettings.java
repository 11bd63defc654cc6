package dev.chowder.server;

import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.settings.Setting;
import dev.chowder.settings.SettingsBinder;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Settings of the server; {@code reference.conf} contains their descriptions and defaults. Invalid
 * settings are rejected at startup, with the path of the setting.
 */
public record ServerSettings(
    Path home,
    InetAddress bind,
    @Setting("sign-up-open") SignUp signUp,
    boolean unisolatedOrganizations,
    Grpc grpc,
    Operator operator,
    @Setting(value = "monitoring.port", max = "65535") int monitoringPort,
    Gateway gateway,
    PublicTls tls,
    Responses responses,
    Instances instances,
    @Setting("models.private-hosts") Set<String> privateModelHosts) {

  /** The gRPC port and its limits. */
  public record Grpc(
      // With 0, a test uses any free port.
      @Setting(max = "65535") int port,
      int maxMessageBytes,
      int maxMetadataBytes,
      int maxCallsPerConnection,
      int maxOpenCalls,
      long maxIncompleteBytes,
      Duration minClientKeepAliveInterval,
      Duration keepAliveInterval,
      Duration keepAliveTimeout,
      Duration connectionIdleTimeout,
      Duration handshakeTimeout,
      Duration shutdownDelay,
      Duration shutdownTimeout) {}

  /** The operator port, and the limits of operators' requests. */
  public record Operator(
      @Setting(max = "65535") int port,
      int maxBodyBytes,
      int maxRequests,
      Duration requestTimeout,
      Duration backupTimeout,
      Duration rebuildTimeout) {}

  /**
   * Host names of instances' gateways.
   *
   * @param listenerCacheMaxAge how long the address of a channel plugin with its own port is cached
   * @param maxOpenRequests maximum number of open requests and WebSockets of one gateway
   */
  public record Gateway(
      String baseDomain,
      String scheme,
      @Setting(max = "65535") int port,
      Duration listenerCacheMaxAge,
      int maxOpenRequests) {
    /** Returns these settings with a scheme, which is the given one unless it is set. */
    private Gateway orScheme(String byDefault) {
      var chosen = scheme.isEmpty() ? byDefault : scheme;
      if (!Set.of("http", "https").contains(chosen)) {
        throw new IllegalArgumentException(
            must("chowder.gateway.scheme", "be http or https", chosen));
      }
      return new Gateway(baseDomain, chosen, port, listenerCacheMaxAge, maxOpenRequests);
    }

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

  /** Allowed values of a create; the first entry of all lists but the first is the default. */
  public record Instances(
      List<String> modelProviders,
      List<String> sandboxProviders,
      List<String> sandboxImages,
      List<String> openclawVersions,
      List<String> regions,
      int maxOpenclawConfigBytes,
      int maxOpenclawConfigDepth,
      int maxOpenclawConfigValues,
      Duration openclawConfigTimeout,
      int maxPageConfigBytes) {}

  /** Whether callers without a key may sign up. */
  public enum SignUp {
    YES,
    NO,
    LOOPBACK
  }

  /** The files with which Envoy serves TLS. */
  public record PublicTls(
      Optional<Path> certificate, Optional<Path> key, Optional<Path> clientCa) {}

  public ServerSettings {
    gateway = gateway.orScheme(publicScheme(tls));
    privateModelHosts = Set.copyOf(privateModelHosts);
  }

  /** Reads the block {@code chowder}. */
  public static ServerSettings of(Config root) {
    return SettingsBinder.bind(root, ServerSettings.class);
  }

  /** Returns whether anyone may create an organization. */
  boolean signUpOpen() {
    return switch (signUp) {
      case YES -> true;
      case NO -> false;
      case LOOPBACK -> bind.isLoopbackAddress();
    };
  }

  /** Returns the scheme that Envoy serves. */
  private static String publicScheme(PublicTls tls) {
    boolean certificate = tls.certificate.isPresent();
    boolean key = tls.key.isPresent();
    if (certificate && key) return "https";
    if (certificate) throw alone("key", "certificate");
    if (key) throw alone("certificate", "key");
    if (tls.clientCa.isPresent()) throw alone("certificate", "client-ca");
    return "http";
  }

  private static IllegalArgumentException alone(String unset, String set) {
    return new IllegalArgumentException(
        must(
            "chowder.tls.%s (CHOWDER_TLS_%s)".formatted(unset, unset.toUpperCase(Locale.ROOT)),
            "be a PEM file, since chowder.tls." + set + " is set",
            "none"));
  }
}
