package dev.chowder.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.typesafe.config.Config;
import dev.chowder.effect.Caretaker;
import dev.chowder.effect.CaretakerSettings;
import dev.chowder.effect.EffectRunner;
import dev.chowder.effect.EffectSettings;
import dev.chowder.effect.GatewayStages;
import dev.chowder.effect.ImageSchemas;
import dev.chowder.effect.ModelSetups;
import dev.chowder.effect.StoredOverrides;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceSettings;
import dev.chowder.instance.Instances;
import dev.chowder.key.ApiKeys;
import dev.chowder.key.KeySettings;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.openclaw.ModelHosts;
import dev.chowder.openclaw.ModelListProbe;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.OverrideLimits;
import dev.chowder.organization.OrganizationReadRows;
import dev.chowder.organization.OrganizationSettings;
import dev.chowder.organization.Organizations;
import dev.chowder.sandbox.FailpointSandboxDriver;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.docker.DockerSandboxDriver;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.sandbox.fake.FakeSandboxDriver;
import dev.chowder.sandbox.fake.FakeSandboxSettings;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.gateway.ConsoleAdmission;
import dev.chowder.server.gateway.EnvoyOnly;
import dev.chowder.server.gateway.GatewayAuthorization;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.instance.InstanceAsks;
import dev.chowder.server.instance.InstanceDirectory;
import dev.chowder.server.instance.InstanceGrpcService;
import dev.chowder.server.instance.InstancePresenter;
import dev.chowder.server.instance.InstanceRequests;
import dev.chowder.server.metrics.InstanceMetrics;
import dev.chowder.server.operator.OperatorServer;
import dev.chowder.server.organization.OrganizationAsks;
import dev.chowder.server.organization.OrganizationGrpcService;
import dev.chowder.server.organization.OrganizationOperatorCommands;
import dev.chowder.server.organization.OrganizationRequests;
import dev.chowder.server.organization.OrganizationSlots;
import dev.chowder.storage.Database;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.StorageSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.http.HttpClient;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole node, put together: every part is made here, in the order in which it is needed, and
 * ended in the reverse order. There is no other wiring.
 */
public final class Chowder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Chowder.class);
  private static final Duration ACTORS_END_LIMIT = Duration.ofSeconds(20);

  private final Lifeline lifeline = new Lifeline();
  private final AtomicBoolean serving = new AtomicBoolean();
  private final Config config;
  private final ServerSettings settings;
  private final Clock clock = Clock.systemUTC();
  private int grpcPort;
  private int operatorPort;

  private Chowder(Config config) {
    this.config = config;
    this.settings = ServerSettings.of(config);
  }

  /**
   * Starts a node; when a part cannot start, those before it are ended and the reason is thrown.
   */
  public static Chowder start(Config config) throws IOException {
    var chowder = new Chowder(config);
    try {
      chowder.start();
      return chowder;
    } catch (IOException | RuntimeException why) {
      chowder.close();
      throw why;
    }
  }

  private void start() throws IOException {
    var metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    lifeline.add("metrics", metrics::close);
    var database = lifeline.add("database", Database.open(StorageSettings.from(config)));
    var secrets = new SecretStore(MasterKey.open(SecretSettings.from(config), database), database);
    var keys = new ApiKeys(database, KeySettings.from(config), clock);
    var instanceRows = new InstanceRows(database);
    var organizationRows = new OrganizationRows(database);
    var driver = lifeline.add("sandbox driver", FailpointSandboxDriver.around(driver()));
    var blocking = Executors.newVirtualThreadPerTaskExecutor();
    lifeline.add("blocking work", blocking::shutdownNow);
    var http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(blocking).build();

    var system = actorSystem();
    var organizations =
        new OrganizationAsks(
            Organizations.init(
                system,
                new OrganizationReadRows(organizationRows, blocking),
                OrganizationSettings.from(config)));
    // Instances need slots to be given back, and the sweep over slots needs instances.
    var later = new AtomicReference<Instances>();
    var slots =
        new OrganizationSlots(
            organizations,
            organizationRows,
            () -> Objects.requireNonNull(later.get()),
            HostRoom.of(config, driver, clock),
            config,
            clock);
    var image = config.getString("chowder.sandbox.image");
    var openClaw = OpenClawSettings.of(config);
    var admin = new OpenClawAdmin(http, openClaw.adminLimit(), openClaw.adminMaxAnswer());
    var schemas = new ImageSchemas(driver, schemaSandbox(), image, openClaw.schemaLimit());
    var overrides =
        new StoredOverrides(
            secrets,
            admin,
            new OverrideLimits(
                settings.instances().maxOpenclawConfigBytes(),
                settings.instances().maxOpenclawConfigDepth()),
            schemas::current,
            settings.gateway()::urlOf);
    // Asked for early, so that the first caller with overrides need not wait for it.
    blocking.execute(schemas::current);
    var effects = EffectSettings.of(config);
    var runner =
        lifeline.add(
            "effects",
            new EffectRunner(
                new GatewayStages(
                    driver,
                    secrets,
                    new ModelSetups(
                        driver,
                        secrets,
                        new ModelListProbe(
                            new ModelHosts(settings.privateModelHosts()), effects.probeLimit())),
                    overrides,
                    new GatewayReadiness(http),
                    slots,
                    settings.gateway()::urlOf,
                    image,
                    effects),
                effects,
                clock,
                metrics));
    var instances =
        Instances.init(
            system,
            runner,
            new InstanceReadRows(instanceRows, blocking),
            InstanceSettings.of(config));
    later.set(instances);
    InstanceMetrics.register(metrics, instanceRows);
    lifeline.add(
        "caretaker",
        Caretaker.start(
            instances, instanceRows, driver, slots, CaretakerSettings.of(config), clock, metrics));

    var directory = new InstanceDirectory(instances, secrets);
    var consoles = lifeline.add("consoles", new ConsoleAdmission(directory, admin, openClaw));
    var responses = lifeline.add("responses", new ResponsesProxy(directory, settings.responses()));
    var instanceService =
        new InstanceGrpcService(
            new InstanceRequests(settings.instances()),
            new InstancePresenter(settings.gateway()::urlOf),
            new InstanceAsks(instances),
            instanceRows,
            slots,
            overrides,
            responses,
            driver,
            secrets,
            clock);
    var organizationService =
        new OrganizationGrpcService(
            new OrganizationRequests(
                settings.instances().modelProviders(), settings.privateModelHosts()),
            organizations,
            keys,
            secrets,
            settings.signUpOpen(),
            clock);
    var operators =
        lifeline.add(
            "operators' port",
            OperatorServer.start(
                settings,
                token("operator.token", "chd_op_"),
                new OrganizationOperatorCommands(organizations, organizationRows, keys, clock),
                new HomeBackups(StorageSettings.from(config), settings.home(), clock),
                metrics,
                serving::get));
    var grpc =
        lifeline.add(
            "gRPC",
            GrpcServer.onNetwork(
                settings,
                new GrpcServer.Services(
                    List.of(instanceService, organizationService),
                    List.of(
                        new EnvoyOnly(token("envoy.token", "chd_envoy_"))
                            .guard(
                                new GatewayAuthorization(
                                    directory, settings.gateway().baseDomain(), consoles)))),
                key ->
                    keys.authenticate(key)
                        .map(holder -> new Caller(holder.organizationId(), holder.keyId())),
                metrics));
    grpc.start();
    grpcPort = grpc.port();
    operatorPort = operators.port();
    serving.set(true);
    lifeline.add("service", () -> serving.set(false));
    var address = settings.bind().getHostAddress();
    LOG.info(
        "chowder serves gRPC on {}:{}, operators on {}:{}",
        address,
        grpcPort,
        address,
        operatorPort);
  }

  /** Where gRPC is served: another port than the configured one where that is 0. */
  public int grpcPort() {
    return grpcPort;
  }

  /** Where operators are served; the same holds. */
  public int operatorPort() {
    return operatorPort;
  }

  private TokenFile token(String name, String prefix) throws IOException {
    return TokenFile.in(settings.home().resolve(name), prefix, new SecureRandom());
  }

  /** The same after a crash, so that what a question left behind is found by the next one. */
  private SandboxId schemaSandbox() {
    var installation = config.getString("chowder.sandbox.docker.cluster-id");
    return SandboxId.ofInstance(
        UUID.nameUUIDFromBytes(("schema of " + installation).getBytes(UTF_8)).toString());
  }

  private SandboxDriver driver() {
    var name = config.getString("chowder.sandbox.driver");
    return switch (name) {
      case "docker" -> new DockerSandboxDriver(DockerSandboxSettings.from(config));
      case "fake" -> new FakeSandboxDriver(FakeSandboxSettings.from(config));
      default ->
          throw new IllegalArgumentException(
              "chowder.sandbox.driver: " + name + " (expected: docker or fake)");
    };
  }

  private ActorSystem<?> actorSystem() {
    var system = ActorSystem.create(Behaviors.<Void>empty(), "chowder", config);
    lifeline.add(
        "actors",
        () -> {
          system.terminate();
          system
              .getWhenTerminated()
              .toCompletableFuture()
              .get(ACTORS_END_LIMIT.toSeconds(), TimeUnit.SECONDS);
        });
    var cluster = Cluster.get(system);
    cluster.manager().tell(Join.create(cluster.selfMember().address()));
    return system;
  }

  /**
   * Takes no new calls, lets open ones end, then ends every part; what is owed is done after the
   * next start.
   */
  @Override
  public void close() {
    lifeline.close();
  }
}
