package dev.chowder.server;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import com.typesafe.config.Config;
import dev.chowder.admission.AdmissionStep;
import dev.chowder.admission.OrganizationKeys;
import dev.chowder.base.Failpoints;
import dev.chowder.cluster.ClusterNode;
import dev.chowder.cluster.ClusterSettings;
import dev.chowder.cluster.ClusterStep;
import dev.chowder.cluster.MemberVersions;
import dev.chowder.cluster.NodeContext;
import dev.chowder.cluster.NodeNames;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.duty.DutyStep;
import dev.chowder.effect.EffectStep;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.reconcile.DiskReserve;
import dev.chowder.reconcile.HostDiskSettings;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.ReconcilerSettings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxHost;
import dev.chowder.sandbox.SandboxStep;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.sandbox.docker.DockerSandboxEngine;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.secret.InstallationKeys;
import dev.chowder.secret.StorageStep;
import dev.chowder.server.channel.ChannelSettings;
import dev.chowder.server.metrics.EngineMetrics;
import dev.chowder.server.metrics.HostMetrics;
import dev.chowder.server.metrics.InstanceMetrics;
import dev.chowder.server.rules.RuleCheck;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.settings.SettingNames;
import dev.chowder.settings.SettingsBinder;
import dev.chowder.startup.Startup;
import dev.chowder.storage.HostRebindingRows;
import dev.chowder.storage.InstanceRows;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node. Starts all parts in steps, in the order of their dependencies, and closes them in reverse
 * order. Creates itself only what all steps share: certificates, metrics and the executor of
 * blocking work.
 */
public final class Chowder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Chowder.class);

  private final Startup startup = new Startup();
  private final AtomicBoolean serving = new AtomicBoolean();
  private final DrainSignal drain = new DrainSignal();
  private final CompletableFuture<String> lost = new CompletableFuture<>();
  private final Config config;
  private final ServerSettings settings;
  private final ClusterSettings cluster;
  private final Clock clock;
  private final Failpoints failpoints;
  private final Function<Config, SandboxEngine> engines;
  private final MemberVersions versions = new MemberVersions();
  private int grpcPort;
  private int operatorPort;
  private int monitoringPort;

  private Chowder(
      Config config, Function<Config, SandboxEngine> engines, Clock clock, Failpoints failpoints) {
    this.config = config;
    this.settings = ServerSettings.of(config);
    this.cluster = ClusterSettings.of(config);
    this.engines = engines;
    this.clock = clock;
    this.failpoints = failpoints;
  }

  /** Starts a node. If a part cannot start, closes the parts before it and throws the reason. */
  public static Chowder start(Config config) throws IOException {
    return start(config, Chowder::configuredEngine);
  }

  /** Starts a node with the caller's sandbox engine, which the node closes when it stops. */
  public static Chowder start(Config config, Function<Config, SandboxEngine> engines)
      throws IOException {
    return start(config, engines, Clock.systemUTC(), Failpoints.ofProcess());
  }

  /**
   * Starts a node with the caller's sandbox engine, clock and failpoints. With all three a test
   * lets a node die in its own process.
   */
  public static Chowder start(
      Config config, Function<Config, SandboxEngine> engines, Clock clock, Failpoints failpoints)
      throws IOException {
    SettingNames.check(config, System.getenv());
    var chowder = new Chowder(config, engines, clock, failpoints);
    try {
      chowder.releaseDiskReserve();
      chowder.start();
      return chowder;
    } catch (IOException | RuntimeException | Error why) {
      chowder.close();
      throw why;
    }
  }

  private void start() throws IOException {
    // In the background, since it takes half a second without an AOT cache.
    var rules = RuleCheck.prepare();
    var metrics = metrics();
    var certificates = certificates();
    var storage = startup.run(new StorageStep(StorageStep.Settings.of(config)));
    var engine = engine(storage, metrics);
    var hosts = hosts(storage, engine);
    var sandboxes = new Sandboxes(engine, hosts);
    var node = context(metrics, engine.host(), storage);
    var member = join();
    var system = member.system();
    var admission =
        startup.run(
            new AdmissionStep(
                SettingsBinder.bind(config, AdmissionStep.Settings.class),
                settings.home(),
                storage.database(),
                engine,
                system,
                node));
    var effectSettings = SettingsBinder.bind(config, EffectStep.Settings.class);
    var effects =
        startup.run(
            new EffectStep(
                effectSettings,
                environment(system),
                storage,
                engine,
                system,
                needs(sandboxes, admission, storage),
                node));
    var duties =
        startup.run(
            new DutyStep(
                SettingsBinder.bind(config, DutyStep.Settings.class),
                storage,
                engine,
                system,
                admission,
                effects.hostPorts(),
                sandboxes,
                effectSettings.schemaSandbox(),
                node));
    var services =
        startup.run(
            new ServiceStep(
                config,
                settings,
                SettingsBinder.bind(config, ServiceSettings.class),
                storage,
                sandboxes,
                admission,
                effects,
                drain,
                node));
    rules.join();
    var edge =
        startup.run(
            new EdgeStep(
                config,
                settings,
                certificates,
                new EdgeStep.Inputs(
                    storage, sandboxes, hosts, effects, duties, services, new NodeNames(system)),
                metrics,
                serving::get,
                node));
    serve(member, duties.reconciler(), effects, edge);
  }

  /** The database may need this space to open. */
  private void releaseDiskReserve() {
    var disk = SettingsBinder.bind(config, HostDiskSettings.class);
    new DiskReserve(settings.home(), disk.reserveBytes()).releaseIfFull();
  }

  private SandboxHosts hosts(StorageStep.Parts storage, SandboxEngine engine) {
    return new SandboxHosts(
        new HostRebindingRows(storage.database()),
        new InstanceRows(storage.database()),
        engine,
        clock);
  }

  private ClusterNode join() throws IOException {
    var member = startup.run(new ClusterStep(ClusterStep.Settings.of(config)));
    versions.join(member.system());
    var _ = member.lost().thenAccept(lost::complete);
    return member;
  }

  private NodeContext context(MeterRegistry metrics, SandboxHost host, StorageStep.Parts storage) {
    registerMetrics(metrics, host, storage);
    var blocking = Executors.newVirtualThreadPerTaskExecutor();
    startup.add("blocking work", blocking::shutdownNow);
    return new NodeContext(clock, metrics, blocking, failpoints);
  }

  private PrometheusMeterRegistry metrics() {
    var metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    startup.add("metrics", metrics::close);
    return metrics;
  }

  private SandboxEngine engine(StorageStep.Parts parts, MeterRegistry metrics) throws IOException {
    var key = InstallationKeys.ofContainerNames(parts.secrets());
    var separation = new SandboxStep.Separation(key, versions::separateSandboxes);
    var engine = startup.run(new SandboxStep(() -> engines.apply(config), separation, failpoints));
    return EngineMetrics.around(engine, metrics);
  }

  private void registerMetrics(MeterRegistry metrics, SandboxHost host, StorageStep.Parts storage) {
    Gauge.builder("chowder.sandboxes.isolated", host, h -> h.isolationFailure().isEmpty() ? 1 : 0)
        .description("1 if the host isolates sandboxes from itself and from each other, else 0")
        // An engine may return a new object at each call.
        .strongReference(true)
        .register(metrics);
    HostMetrics.register(metrics, host, settings.home());
    InstanceMetrics.register(metrics, new InstanceRows(storage.database()), clock);
  }

  private EffectStep.Environment environment(ActorSystem<?> system) {
    return new EffectStep.Environment(
        settings.gateway()::urlOf,
        new OverrideLimits(
            settings.instances().maxOpenclawConfigBytes(),
            settings.instances().maxOpenclawConfigDepth(),
            settings.instances().maxOpenclawConfigValues()),
        settings.privateModelHosts(),
        SettingsBinder.bind(config, ChannelSettings.class).localhostPorts(),
        ownPorts(system));
  }

  private static EffectStep.Needs needs(
      Sandboxes sandboxes, AdmissionStep.Parts admission, StorageStep.Parts storage) {
    return new EffectStep.Needs(
        sandboxes,
        admission.instances(),
        admission.slots(),
        admission.memory(),
        admission.boots(),
        new OrganizationKeys(admission.organizationCalls(), storage.secrets()));
  }

  /** Waits until the node is ready, then serves calls. */
  private void serve(
      ClusterNode member,
      SingletonDuty<Reconciler> reconciler,
      EffectStep.Parts effects,
      EdgeStep.Parts edge)
      throws IOException {
    member.awaitReady();
    awaitFirstPass(
        reconciler, SettingsBinder.bind(config, ReconcilerSettings.class).firstPassTimeout());
    edge.grpc().start();
    grpcPort = edge.grpc().port();
    operatorPort = edge.operators().port();
    monitoringPort = edge.monitoring().port();
    // If a setting is 0, its port is known only now.
    effects.nodePorts().listen(Set.of(grpcPort, operatorPort, monitoringPort));
    serving.set(true);
    startup.add("service", () -> startDraining(member, edge.grpc()));
    var address = settings.bind().getHostAddress();
    LOG.info(
        "chowder serves gRPC on {}:{}, operators on {}:{}, monitoring on {}:{}",
        address,
        grpcPort,
        address,
        operatorPort,
        address,
        monitoringPort);
  }

  /**
   * Waits until the first reconciliation pass has checked which agents run. After a reboot of the
   * host none does, and callers must not read a stale {@code running}.
   */
  private static void awaitFirstPass(SingletonDuty<Reconciler> reconciler, Duration timeout) {
    // Otherwise the node that runs the reconciler already observes the sandboxes.
    if (!reconciler.isOurs()) return;
    try {
      reconciler
          .started()
          .thenCompose(Reconciler::firstPass)
          .toCompletableFuture()
          .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException why) {
      LOG.warn("serving before the first reconciliation pass has ended: {}", why.toString());
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while starting", end);
    }
  }

  /** Returns the gRPC port; a free port if the setting is 0. */
  public int grpcPort() {
    return grpcPort;
  }

  /** Returns the operator port; a free port if the setting is 0. */
  public int operatorPort() {
    return operatorPort;
  }

  /** Returns the monitoring port; a free port if the setting is 0. */
  public int monitoringPort() {
    return monitoringPort;
  }

  /**
   * Returns a stage that completes with the reason when the cluster removes this node. The process
   * must then halt at once, as in a crash: other nodes already do its work, so an orderly shutdown
   * would be too late.
   */
  public CompletionStage<String> lost() {
    return lost.minimalCompletionStage();
  }

  private Optional<NodeCertificates> certificates() throws IOException {
    if (cluster.tls().isEmpty()) return Optional.empty();
    return Optional.of(startup.add("certificates", NodeCertificates.watch(cluster.tls().get())));
  }

  private Set<Integer> ownPorts(ActorSystem<?> system) {
    var ports =
        new TreeSet<>(
            ListeningPorts.of(
                settings,
                cluster,
                config.getString("chowder.storage.url"),
                config.getString("chowder.sandbox.docker.host")));
    Cluster.get(system).selfMember().address().getPort().ifPresent(ports::add);
    return ports;
  }

  private static SandboxEngine configuredEngine(Config config) {
    var name = config.getString("chowder.sandbox.engine");
    return switch (name) {
      case "docker" -> new DockerSandboxEngine(DockerSandboxSettings.from(config));
      case "simulated" -> SimulatorJars.load(config);
      case "remote" ->
          throw new IllegalArgumentException(
              cannot(
                  "start",
                  "the engine remote was removed, because "
                      + SettingNames.removed().get("chowder.sandbox.remote"),
                  "set chowder.sandbox.engine to docker or simulated"));
      default ->
          throw new IllegalArgumentException(
              must("chowder.sandbox.engine", "be docker or simulated", name));
    };
  }

  /** Reports NOT_SERVING first, so that load balancers have time to use other nodes. */
  private void startDraining(ClusterNode node, GrpcServer grpc) throws InterruptedException {
    serving.set(false);
    grpc.setServing(false);
    if (node.hasPeers()) Thread.sleep(settings.grpc().shutdownDelay());
    drain.begin();
  }

  /**
   * Rejects new calls, waits for open calls, then closes all parts. Pending effects are performed
   * after the next start.
   */
  @Override
  public void close() {
    startup.close();
  }
}
