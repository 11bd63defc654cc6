package dev.chowder.server.edge;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.cluster.TlsSettings;
import dev.chowder.secret.Secret;
import dev.chowder.server.GrpcServer;
import dev.chowder.server.NodeCertificates;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.auth.UnknownLimit;
import dev.chowder.server.auth.UnknownSettings;
import dev.chowder.server.gateway.EnvoyAuthorizationService;
import dev.chowder.server.gateway.EnvoyOnly;
import dev.chowder.server.gateway.GatewayAuthorization;
import dev.chowder.server.gateway.GatewayDirectory.Lookup;
import dev.chowder.server.gateway.OpenRequests;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.instance.InstanceRequests;
import dev.chowder.server.operator.ClusterNodes;
import dev.chowder.server.operator.MonitoringServer;
import dev.chowder.server.operator.NoHost;
import dev.chowder.server.operator.NoIncidents;
import dev.chowder.server.operator.NoMasterKey;
import dev.chowder.server.operator.OneOrganization;
import dev.chowder.server.operator.OperatorGrpcService;
import dev.chowder.server.operator.OperatorServer;
import dev.chowder.server.operator.RecordedAudit;
import dev.chowder.server.operator.RowOperatorCommands;
import dev.chowder.server.organization.OrganizationRequests;
import dev.chowder.server.rate.BodyLimit;
import dev.chowder.server.rate.RateLimit;
import dev.chowder.server.rate.RateSettings;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.settings.SettingsBinder;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The edge of the server with stub services behind it: real interceptors, request rules and
 * proxies.
 */
final class Edge implements AutoCloseable {
  static final String KEY = "chd_org_" + "a".repeat(64);
  static final String OTHER_KEY = "chd_org_" + "b".repeat(64);

  /** A lookup of this key lasts {@link #SLOW}, as on a busy node. */
  static final String SLOW_KEY = "chd_org_" + "c".repeat(64);

  private static final Duration SLOW = Duration.ofSeconds(1);

  private static final Map<String, Caller> KEYS =
      Map.of(
          KEY, new Caller("01900000-0000-7000-8000-00000000000a", "key-a"),
          OTHER_KEY, new Caller("01900000-0000-7000-8000-00000000000b", "key-b"),
          SLOW_KEY, new Caller("01900000-0000-7000-8000-00000000000c", "key-c"));

  final Map<String, Lookup> lookups = new ConcurrentHashMap<>();

  /** Addresses by the instance's id and the port in its sandbox. */
  final Map<String, InetSocketAddress> listeners = new ConcurrentHashMap<>();

  /** Counts the lookups of keys. */
  final AtomicInteger keyLookups = new AtomicInteger();

  /** Counts the lookups of {@link #SLOW_KEY}. */
  final AtomicInteger slowKeyLookups = new AtomicInteger();

  final AtomicInteger placeLookups = new AtomicInteger();
  final BlockingQueue<String> webSockets = new LinkedBlockingQueue<>();
  final StubInstances instances;
  final GrpcServer grpc;
  final OperatorServer operator;
  final MonitoringServer monitoring;
  final RecordedAudit audit = new RecordedAudit();
  final PrometheusMeterRegistry metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final ResponsesProxy proxy;
  private final Optional<NodeCertificates> certificates;

  Edge(Path folder) throws IOException {
    this(folder, Map.of());
  }

  Edge(Path folder, Map<String, Object> others) throws IOException {
    this(folder, others, "here:1");
  }

  /**
   * Starts a node.
   *
   * @param name its name in a cluster of {@code here:1} and {@code there:2}
   */
  Edge(Path folder, Map<String, Object> others, String name) throws IOException {
    Config config = config(folder, others);
    ServerSettings settings = ServerSettings.of(config);
    var tls = TlsSettings.of(config);
    certificates =
        tls.isPresent() ? Optional.of(NodeCertificates.watch(tls.get())) : Optional.empty();
    proxy = new ResponsesProxy((organization, id) -> lookup(id), settings.responses());
    instances = new StubInstances(new InstanceRequests(settings.instances()), proxy);
    var organizations =
        new StubOrganizations(
            new OrganizationRequests(
                settings.instances().modelProviders(), settings.privateModelHosts(), _ -> true));
    var rate = RateSettings.of(config);
    var delay = rate.rejectionDelay();
    var unknown = SettingsBinder.bind(config, UnknownSettings.class);
    var bodies = SettingsBinder.bind(config, BodyLimit.Settings.class);
    var keys = new KeyCheck(this::authenticate, _ -> {}, unknown, delay);
    var gateways =
        new GatewayAuthorization(
            (organization, id) -> {
              placeLookups.incrementAndGet();
              return lookup(id);
            },
            (id, _, gateway, port) -> Optional.ofNullable(listeners.get(id + ":" + port)),
            settings.gateway().baseDomain(),
            webSockets::add,
            new UnknownLimit<>("hosts", unknown, delay));
    var envoy = new EnvoyToken(TokenFile.in(envoyToken(folder), "chd_envoy_", new SecureRandom()));
    grpc =
        GrpcServer.onNetwork(
                settings,
                certificates
                    .map(NodeCertificates::grpc)
                    .orElseGet(InsecureServerCredentials::create),
                new GrpcServer.Services(
                    List.of(instances, organizations),
                    forEnvoy(
                        new EnvoyOnly(envoy),
                        new EnvoyAuthorizationService(keys, new BodyLimit(bodies, delay), gateways),
                        settings)),
                new GrpcServer.Gate(
                    keys,
                    new ClientAddress(envoy),
                    new RateLimit(rate, delay),
                    new NoIdempotency(),
                    new NoIdempotency(),
                    new NoIdempotency()),
                metrics)
            .start();
    var gate =
        new OperatorServer.Gate(
            TokenFile.in(folder.resolve("operator.token"), "chd_op_", new SecureRandom()),
            new ClientAddress(envoy),
            audit);
    operator =
        OperatorServer.start(
            settings,
            certificates.map(NodeCertificates::grpc).orElseGet(InsecureServerCredentials::create),
            gate,
            new OperatorGrpcService(
                new OneOrganization(),
                new NoIncidents(),
                new NoHost(),
                () -> new RowOperatorCommands.Rebuilt(0, 0, 0, 0),
                new NoMasterKey(),
                () -> "of " + name,
                new ClusterNodes(name, () -> List.of("here:1", "there:2"), () -> "there:2")));
    monitoring =
        MonitoringServer.start(
            settings,
            certificates.map(NodeCertificates::https),
            gate,
            new MonitoringServer.Sources(metrics::scrape, () -> true, () -> true));
  }

  private static List<ServerServiceDefinition> forEnvoy(
      EnvoyOnly guard, EnvoyAuthorizationService authorization, ServerSettings settings) {
    var open = new OpenRequests(settings.gateway().maxOpenRequests(), new DrainSignal());
    return List.of(guard.guard(authorization), guard.guard(open));
  }

  static ServerSettings settings(Path folder) {
    return ServerSettings.of(config(folder, Map.of()));
  }

  private static Config config(Path folder, Map<String, Object> others) {
    return ConfigFactory.parseMap(others)
        .withFallback(
            ConfigFactory.parseMap(
                Map.of(
                    "chowder.home", folder.toString(),
                    "chowder.grpc.port", 0,
                    "chowder.grpc.shutdown-timeout", "1s",
                    "chowder.operator.port", 0,
                    "chowder.monitoring.port", 0,
                    "chowder.gateway.port", 8080,
                    "chowder.rate.requests-per-second", 100_000,
                    "chowder.rate.burst", 100_000)))
        .withFallback(ConfigFactory.load());
  }

  EnvoyProcess startEnvoy(Path folder, Map<String, String> variables)
      throws IOException, InterruptedException {
    var all = new ConcurrentHashMap<>(variables);
    all.put("CHOWDER_GRPC_PORT", Integer.toString(grpc.port()));
    all.put("CHOWDER_OPERATOR_PORT", Integer.toString(operator.port()));
    all.put("CHOWDER_MONITORING_PORT", Integer.toString(monitoring.port()));
    all.put("CHOWDER_ENVOY_TOKEN_FILE", envoyToken(folder).toString());
    return EnvoyProcess.start(folder, all);
  }

  static Path envoyToken(Path home) {
    return home.resolve("envoy.token");
  }

  void place(String id, InetSocketAddress gateway) {
    lookups.put(id, new Lookup.Target(gateway, Secret.of("gateway-token")));
  }

  /** Sets the address of a gateway whose token is being replaced. */
  void place(String id, InetSocketAddress gateway, String nextToken) {
    lookups.put(
        id,
        new Lookup.Target(
            gateway,
            Secret.of("gateway-token"),
            Optional.of(Secret.of(nextToken)),
            Optional.empty()));
  }

  private Optional<Caller> authenticate(Secret key) {
    keyLookups.incrementAndGet();
    if (key.reveal().equals(SLOW_KEY)) {
      slowKeyLookups.incrementAndGet();
      pause();
    }
    return Optional.ofNullable(KEYS.get(key.reveal()));
  }

  private static void pause() {
    try {
      Thread.sleep(SLOW);
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
    }
  }

  private Lookup lookup(String id) {
    return lookups.getOrDefault(id, new Lookup.NotFound());
  }

  static InetSocketAddress loopback(int port) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  @Override
  public void close() {
    operator.close();
    monitoring.close();
    grpc.close();
    proxy.close();
    certificates.ifPresent(NodeCertificates::close);
  }
}
