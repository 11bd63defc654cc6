package dev.chowder.server;

import static dev.chowder.base.ErrorText.must;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.typesafe.config.Config;
import dev.chowder.actor.JournalVersion;
import dev.chowder.admission.Admission;
import dev.chowder.admission.HostMemoryAdmission;
import dev.chowder.admission.HostMemorySettings;
import dev.chowder.admission.MemberSetups;
import dev.chowder.admission.ModelSettings;
import dev.chowder.admission.OrganizationCalls;
import dev.chowder.admission.OrganizationKeys;
import dev.chowder.admission.OrganizationSlots;
import dev.chowder.admission.WaitingWorkLimit;
import dev.chowder.cluster.ClusterNode;
import dev.chowder.cluster.ClusterSettings;
import dev.chowder.cluster.Membership;
import dev.chowder.cluster.MembershipSettings;
import dev.chowder.cluster.SharedHostPorts;
import dev.chowder.cluster.SingletonDuty;
import dev.chowder.creation.InstanceCreation;
import dev.chowder.creation.PoolClaims;
import dev.chowder.effect.BootPermits;
import dev.chowder.effect.EffectRunner;
import dev.chowder.effect.EffectSettings;
import dev.chowder.effect.GatewayStages;
import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.ImageFiles;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.MaskedWork;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.gateway.StoredOverrides;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.hostport.HostPortSettings;
import dev.chowder.instance.InstanceEntity;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceSettings;
import dev.chowder.instance.Instances;
import dev.chowder.key.ApiKeys;
import dev.chowder.key.KeySettings;
import dev.chowder.key.ScopedKeys;
import dev.chowder.openclaw.GatewayConversations;
import dev.chowder.openclaw.GatewayDatabases;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.openclaw.GatewayResponses;
import dev.chowder.openclaw.GatewaySuspension;
import dev.chowder.openclaw.GatewayWarmUp;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawPlugins;
import dev.chowder.openclaw.OpenClawSessions;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.OpenClawSkills;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.model.ModelHosts;
import dev.chowder.openclaw.model.ModelListProbe;
import dev.chowder.organization.OrganizationEntity;
import dev.chowder.organization.OrganizationReadRows;
import dev.chowder.organization.OrganizationSettings;
import dev.chowder.organization.Organizations;
import dev.chowder.organization.Standing;
import dev.chowder.pool.PoolEviction;
import dev.chowder.pool.PoolKeeper;
import dev.chowder.pool.PoolMembers;
import dev.chowder.pool.PoolSettings;
import dev.chowder.reconcile.DiskWatch;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.ReconcilerSettings;
import dev.chowder.reconcile.UnreferencedValues;
import dev.chowder.reconcile.ValueSettings;
import dev.chowder.rows.RowKind;
import dev.chowder.rows.RowRebuild;
import dev.chowder.rows.RowRepair;
import dev.chowder.rows.RowSettings;
import dev.chowder.sandbox.FailpointSandboxDriver;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.docker.DockerSandboxDriver;
import dev.chowder.sandbox.docker.DockerSandboxSettings;
import dev.chowder.secret.BackupTag;
import dev.chowder.secret.MasterKey;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SecretStore;
import dev.chowder.secret.SignedBackups;
import dev.chowder.server.audit.AuditLog;
import dev.chowder.server.audit.AuditSettings;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.KeyCheck;
import dev.chowder.server.auth.OpenStreams;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.auth.UnknownLimit;
import dev.chowder.server.auth.UnknownSettings;
import dev.chowder.server.call.BodyLimit;
import dev.chowder.server.call.RateLimit;
import dev.chowder.server.call.RateSettings;
import dev.chowder.server.call.SharedPermits;
import dev.chowder.server.channel.ChannelGrpcService;
import dev.chowder.server.channel.ChannelPresenter;
import dev.chowder.server.channel.ChannelRequests;
import dev.chowder.server.channel.ChannelSettings;
import dev.chowder.server.channel.InstanceChannels;
import dev.chowder.server.file.FileGrpcService;
import dev.chowder.server.file.FileSettings;
import dev.chowder.server.gateway.ControlUiApproval;
import dev.chowder.server.gateway.EnvoyAuthorizationService;
import dev.chowder.server.gateway.EnvoyOnly;
import dev.chowder.server.gateway.GatewayAuthorization;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.idempotency.Claims;
import dev.chowder.server.idempotency.Idempotency;
import dev.chowder.server.idempotency.IdempotencySettings;
import dev.chowder.server.incident.IncidentResponse;
import dev.chowder.server.incident.OrganizationDeletions;
import dev.chowder.server.instance.ConfigChanges;
import dev.chowder.server.instance.GatewayClient;
import dev.chowder.server.instance.HostOperatorCommands;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.instance.InstanceDirectory;
import dev.chowder.server.instance.InstanceGrpcService;
import dev.chowder.server.instance.InstancePresenter;
import dev.chowder.server.instance.InstanceRequests;
import dev.chowder.server.instance.InstanceSessions;
import dev.chowder.server.instance.SandboxListeners;
import dev.chowder.server.instance.SessionVisibility;
import dev.chowder.server.key.KeyGrpcService;
import dev.chowder.server.key.SessionVisibilityUpgrade;
import dev.chowder.server.metrics.InstanceMetrics;
import dev.chowder.server.operator.OperatorServer;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.OrganizationGrpcService;
import dev.chowder.server.organization.OrganizationOperatorCommands;
import dev.chowder.server.organization.OrganizationRequests;
import dev.chowder.server.organization.OrganizationStandings;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.server.organization.SignUpPolicy;
import dev.chowder.server.organization.SignUps;
import dev.chowder.server.skill.SkillGrpcService;
import dev.chowder.server.skill.SkillSettings;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.subscription.StripeSettings;
import dev.chowder.server.subscription.SubscriptionCancellation;
import dev.chowder.server.subscription.SubscriptionGrpcService;
import dev.chowder.server.watch.FleetWatchSettings;
import dev.chowder.simulator.FakeSandboxDriver;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.sleep.DeeperSleepSettings;
import dev.chowder.sleep.GatewaySleep;
import dev.chowder.sleep.SleepEviction;
import dev.chowder.sleep.SleepKeeper;
import dev.chowder.sleep.Sleepers;
import dev.chowder.storage.AuditRows;
import dev.chowder.storage.Database;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.HostPortRows;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.ReadModelAudit;
import dev.chowder.storage.StorageSettings;
import io.grpc.InsecureServerCredentials;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.http.HttpClient;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.Cluster;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A node. Creates all parts in the order of their dependencies, and closes them in reverse order.
 * No other class assembles parts of the server.
 */
public final class Chowder implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Chowder.class);

  private final ShutdownSequence shutdown = new ShutdownSequence();
  private final AtomicBoolean serving = new AtomicBoolean();
  private final DrainSignal drain = new DrainSignal();
  private final CompletableFuture<String> lost = new CompletableFuture<>();
  private final Config config;
  private final ServerSettings settings;
  private final ClusterSettings cluster;
  private final Clock clock = Clock.systemUTC();
  private final Function<Config, SandboxDriver> drivers;
  private int grpcPort;
  private int operatorPort;

  private Chowder(Config config, Function<Config, SandboxDriver> drivers) {
    this.config = config;
    this.settings = ServerSettings.of(config);
    this.cluster = ClusterSettings.of(config);
    this.drivers = drivers;
  }

  /** Starts a node. If a part cannot start, closes the parts before it and throws the reason. */
  public static Chowder start(Config config) throws IOException {
    return start(config, Chowder::configuredDriver);
  }

  /** Starts a node with the caller's sandbox driver, which the node closes when it stops. */
  public static Chowder start(Config config, Function<Config, SandboxDriver> drivers)
      throws IOException {
    var chowder = new Chowder(config, drivers);
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
    shutdown.add("metrics", metrics::close);
    var certificates = certificates();
    var database = shutdown.add("database", Database.open(StorageSettings.from(config)));
    var masterKey = MasterKey.open(SecretSettings.from(config), database);
    var secrets = new SecretStore(masterKey, database);
    var keySettings = KeySettings.from(config);
    var keys = new ApiKeys(database, keySettings, clock);
    var instanceRows = new InstanceRows(database);
    var organizationRows = new OrganizationRows(database);
    var driver =
        shutdown.add("sandbox driver", FailpointSandboxDriver.around(drivers.apply(config)));
    Gauge.builder("chowder.sandboxes.isolated", driver, d -> d.isolationFailure().isEmpty() ? 1 : 0)
        .description("1 if the host isolates sandboxes from itself and from each other, else 0")
        .register(metrics);
    var blocking = Executors.newVirtualThreadPerTaskExecutor();
    shutdown.add("blocking work", blocking::shutdownNow);
    var http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(blocking).build();

    var node = joinCluster();
    var system = node.system();
    var channelSettings = ChannelSettings.of(config);
    var nodePorts = SharedHostPorts.share(system, blocking);
    nodePorts.listen(ownPorts(system));
    var hostPortSettings = HostPortSettings.of(config);
    var hostPorts =
        new HostPortAccess(
            new HostPortRows(database),
            driver,
            hostPortSettings,
            channelSettings.localhostPorts(),
            nodePorts,
            clock,
            metrics);
    nodePorts.whenChanged(hostPorts::refresh, hostPortSettings.refreshEvery());
    var organizationActors =
        Organizations.init(
            system,
            new OrganizationReadRows(organizationRows, blocking),
            OrganizationSettings.from(config));
    var organizations = new OrganizationClient(organizationActors);
    var organizationCalls = new OrganizationCalls(organizationActors);
    var instances = Instances.of(system, InstanceSettings.of(config));
    var sleepSettings = DeeperSleepSettings.of(config);
    var sleepers = new Sleepers(instances, instanceRows, sleepSettings, clock, metrics);
    var sleepEviction = new SleepEviction(sleepers, driver, sleepSettings);
    var poolSettings = PoolSettings.of(config);
    var poolMembers = new PoolMembers(instances, instanceRows, clock);
    var poolEviction = new PoolEviction(poolMembers, poolSettings, sleepSettings.evictLimit());
    var effects = EffectSettings.of(config);
    var boots = new BootPermits(effects);
    var hostMemory =
        new HostMemoryAdmission(
            HostMemorySettings.of(config),
            settings.home(),
            driver,
            clock,
            boots::booting,
            // A pool member is worth less than a conversation that sleeps.
            (fits, starting) -> poolEviction.until(fits) || sleepEviction.until(fits, starting));
    var reconcilerSettings = ReconcilerSettings.of(config);
    var slots =
        new OrganizationSlots(
            organizationCalls, organizationRows, instances, reconcilerSettings.looks(), clock);
    var memberSetups = new MemberSetups(organizationCalls, ModelSettings.of(config));
    var image = config.getString("chowder.sandbox.image");
    var openClaw = OpenClawSettings.of(config);
    var gatewayResponses = new GatewayResponses(openClaw.responses());
    var admin = new OpenClawAdmin(http, openClaw.adminLimit(), gatewayResponses);
    var conversations =
        new GatewayConversations(http, admin, openClaw.conversationLimit(), gatewayResponses);
    var images = new ImageFiles(driver, schemaSandbox(), image, openClaw.schemaLimit());
    var overrides =
        new StoredOverrides(
            secrets,
            admin,
            new OverrideLimits(
                settings.instances().maxOpenclawConfigBytes(),
                settings.instances().maxOpenclawConfigDepth()),
            images::schema,
            settings.gateway()::urlOf);
    var devices = new GatewayDevices(secrets);
    var channels =
        new StoredChannels(
            secrets,
            admin,
            devices,
            new OpenClawPlugins(conversations, openClaw.channels().pluginLimit()),
            driver);
    var tokens =
        new GatewayTokens(secrets, driver, admin, conversations, devices, openClaw.adminLimit());
    var known = new KnownSecrets(secrets, tokens);
    // Read the image early, so that the first caller with overrides need not wait for it.
    blocking.execute(images::schema);
    var runner =
        shutdown.add(
            "effects",
            new EffectRunner(
                new MaskedWork(
                    new GatewayStages(
                        driver,
                        new GatewaySleep(
                            driver,
                            new GatewaySuspension(
                                admin,
                                new GatewayDatabases(admin, conversations, devices::of),
                                (id, gateway) -> tokens.valid(new InstanceId(id), gateway),
                                openClaw.cancelLimit()),
                            effects.sleep(),
                            effects.drain(),
                            clock,
                            hostMemory),
                        secrets,
                        known,
                        tokens,
                        new ModelSetups(
                            driver,
                            hostPorts::use,
                            new OrganizationKeys(organizationCalls, secrets),
                            new ModelListProbe(
                                new ModelHosts(settings.privateModelHosts()),
                                effects.probeLimit(),
                                effects.probeBelieved())),
                        overrides,
                        channels,
                        new GatewayReadiness(),
                        new GatewayWarmUp(
                            http,
                            conversations,
                            devices::of,
                            openClaw.responses().others().bytes(),
                            config.getDuration("chowder.openclaw.warm-up-limit"),
                            config.getDuration("chowder.openclaw.warm-up-settle")),
                        slots,
                        hostMemory,
                        settings.gateway()::urlOf,
                        image,
                        images::skeleton,
                        effects),
                    known),
                effects,
                boots,
                clock,
                metrics));
    var rowSettings = RowSettings.of(config);
    instances.host(runner, new InstanceReadRows(instanceRows, blocking, rowSettings.perWrite()));
    var rowsOfOrganizations =
        new RowKind(
            "organizations",
            ReadModelAudit.ofOrganizations(database, OrganizationEntity.ENTITY_KEY.name()),
            organizationActors::storeView);
    var rowsOfInstances =
        new RowKind(
            "instances",
            ReadModelAudit.ofInstances(database, InstanceEntity.ENTITY_KEY.name()),
            instances::storeView);
    InstanceMetrics.register(metrics, instanceRows, clock);
    var reconciler =
        shutdown.add(
            "reconciler",
            SingletonDuty.keep(
                system,
                "reconciler",
                () ->
                    Reconciler.start(
                        instances,
                        instanceRows,
                        driver,
                        hostPorts,
                        slots,
                        List.of(
                            new RowRepair(rowsOfOrganizations, rowSettings, clock),
                            new RowRepair(rowsOfInstances, rowSettings, clock)),
                        Set.of(schemaSandbox()),
                        reconcilerSettings,
                        clock,
                        metrics)));
    var diskSettings = DiskWatch.Settings.of(config);
    shutdown.add(
        "disk watch",
        SingletonDuty.keep(
            system,
            "disk-watch",
            () -> DiskWatch.start(instances, instanceRows, driver, diskSettings, clock)));

    shutdown.add(
        "sleep keeper",
        SingletonDuty.keep(
            system,
            "sleep-keeper",
            () -> SleepKeeper.start(sleepers, driver, sleepSettings, clock, metrics)));

    shutdown.add(
        "pool keeper",
        SingletonDuty.keep(
            system,
            "pool-keeper",
            () ->
                PoolKeeper.start(
                    poolMembers,
                    instanceRows,
                    memberSetups,
                    driver,
                    hostMemory::admitsMember,
                    boots::booting,
                    () -> JournalVersion.ofAllMembers(system) >= JournalVersion.CURRENT,
                    poolSettings,
                    clock,
                    metrics)));

    var values =
        shutdown.add(
            "unreferenced values",
            SingletonDuty.keep(
                system,
                "values",
                () ->
                    UnreferencedValues.start(
                        secrets,
                        instanceRows,
                        instances,
                        organizationActors,
                        ValueSettings.of(config),
                        clock,
                        metrics)));
    var directory =
        new InstanceDirectory(
            instances,
            tokens,
            new OrganizationStandings(organizationRows, keySettings.cacheTime()));
    var controlUi =
        shutdown.add("Control UI approval", new ControlUiApproval(directory, admin, openClaw));
    var responses = shutdown.add("responses", new ResponsesProxy(directory, settings.responses()));
    var instanceClient = new InstanceClient(instances, drain, clock);
    var changes =
        new ConfigChanges(
            instanceClient,
            secrets,
            config.getInt("chowder.instance.config-change-tries"),
            config.getDuration("chowder.instance.config-change-timeout"));
    var fileSettings = FileSettings.of(config);
    var fileService = new FileGrpcService(instanceClient, driver, fileSettings);
    var skillSettings = SkillSettings.of(config);
    var skillService =
        new SkillGrpcService(
            new GatewayClient(directory, devices, "skills", skillSettings.maxOpen()),
            new OpenClawSkills(
                conversations, admin, skillSettings.installLimit(), skillSettings.seenLimit()),
            instanceClient,
            driver,
            skillSettings,
            fileSettings.endSleepLimit());
    // Queries must finish before Envoy's timeout.
    var queryAdmin = new OpenClawAdmin(http, openClaw.conversationLimit(), gatewayResponses);
    var channelService =
        new ChannelGrpcService(
            new ChannelRequests(
                port -> channelSettings.localhostPorts().contains(port) && hostPorts.mayName(port)),
            new ChannelPresenter(settings.gateway()::urlOf),
            new InstanceChannels(
                instanceClient,
                changes,
                new GatewayClient(directory, devices, "channels", openClaw.channels().maxOpen()),
                channels,
                new OpenClawChannels(queryAdmin, conversations),
                new OpenClawChannels(admin, conversations),
                driver,
                openClaw.channels(),
                clock,
                new SecureRandom()),
            instanceClient,
            channels);
    var admission =
        new Admission(
            slots,
            memberSetups,
            hostMemory,
            new WaitingWorkLimit(runner::waiting, config.getInt("chowder.effect.max-waiting")));
    var creation =
        new InstanceCreation(
            instances,
            admission,
            new PoolClaims(poolMembers, driver, blocking, poolSettings.isEnabled(), metrics),
            overrides,
            secrets,
            clock);
    var instanceService =
        new InstanceGrpcService(
            new InstanceRequests(settings.instances()),
            new InstancePresenter(settings.gateway()::urlOf),
            instanceClient,
            instanceRows,
            new EventRows(database),
            admission,
            creation,
            overrides,
            changes,
            responses,
            new InstanceSessions(
                new GatewayClient(directory, devices, "sessions", openClaw.sessions().maxOpen()),
                new OpenClawSessions(conversations, openClaw.sessions())),
            driver,
            tokens,
            known,
            new SharedPermits("open log streams", config.getInt("chowder.logs.max-open")),
            FleetWatchSettings.of(config),
            clock);
    var signUps =
        new SignUps(
            organizations,
            keys,
            new SignUpPolicy(
                settings.signUpOpen(),
                settings.unisolatedOrganizations(),
                driver::isolationFailure,
                () -> organizationRows.isAnyBesides(Standing.DELETED.label())),
            clock);
    var organizationService =
        new OrganizationGrpcService(
            new OrganizationRequests(
                settings.instances().modelProviders(),
                settings.privateModelHosts(),
                hostPorts::mayName),
            organizations,
            keys,
            secrets,
            signUps,
            clock);
    var revocations =
        shutdown.add(
            "records of revocations",
            new RevocationRecorder(
                keys, organizations, config.getDuration("chowder.key.record-every"), clock));
    var scopedKeys = new ScopedKeys(database, keys, keySettings, clock);
    var sessionVisibility = new SessionVisibility(instanceClient, changes, overrides, clock);
    var _ =
        shutdown.add(
            "session visibility of earlier keys",
            new SessionVisibilityUpgrade(
                scopedKeys,
                sessionVisibility,
                config.getDuration("chowder.key.session-visibility-retry")));
    var keyService =
        new KeyGrpcService(
            scopedKeys, instanceRows, sessionVisibility, organizations, revocations, clock);
    var subscriptionService =
        SubscriptionGrpcService.create(organizations, StripeSettings.from(config), clock);
    var auditRows = new AuditRows(database);
    var audit =
        shutdown.add(
            "audit",
            new AuditLog(
                auditRows,
                AuditSettings.of(config),
                clock,
                (organization, id) -> instanceRows.countLive(organization, Set.of(id)) > 0));
    var deletions =
        shutdown.add(
            "deletions of organizations",
            new OrganizationDeletions(
                organizations,
                organizationRows,
                instanceClient,
                instanceRows,
                poolMembers,
                keys,
                revocations,
                secrets,
                new SubscriptionCancellation(StripeSettings.from(config)),
                config.getDuration("chowder.deletion.retry-every"),
                config.getDuration("chowder.deletion.slot-limit"),
                clock));
    var streams =
        shutdown.add(
            "revocations",
            new OpenStreams(keys::ended, config.getDuration("chowder.key.revocation-poll")));
    var claims =
        shutdown.add(
            "idempotency keys",
            new Claims(new IdempotencyRows(database), IdempotencySettings.of(config), clock));
    var operators =
        shutdown.add(
            "operator port",
            OperatorServer.start(
                settings,
                certificates.map(NodeCertificates::https),
                token("operator.token", "chd_op_"),
                audit,
                new OrganizationOperatorCommands(
                    signUps, organizations, organizationRows, keys, revocations, clock),
                new HostOperatorCommands(
                    instanceRows,
                    reconciler,
                    values,
                    instanceService.bulkRecovery(),
                    hostPorts,
                    driver,
                    clock),
                new IncidentResponse(organizations, deletions, instanceClient, auditRows, clock),
                new HomeBackups(
                    new SignedBackups(
                        StorageSettings.from(config),
                        new BackupTag(SecretSettings.from(config), List.of())),
                    settings.home(),
                    clock),
                new SecretOperatorCommands(masterKey, secrets),
                new RowOperatorCommands(
                    new RowRebuild(rowSettings), rowsOfOrganizations, rowsOfInstances),
                metrics,
                serving::get));
    var envoy = new EnvoyToken(token("envoy.token", "chd_envoy_"));
    var rateSettings = RateSettings.of(config);
    var unknownSettings = UnknownSettings.of(config);
    var rejectionDelay = rateSettings.rejectionDelay();
    var keyCheck =
        new KeyCheck(
            key -> keys.authenticate(key).map(Caller::of),
            audit::authenticationFailed,
            unknownSettings,
            rejectionDelay);
    var grpc =
        shutdown.add(
            "gRPC",
            GrpcServer.onNetwork(
                settings,
                certificates
                    .map(NodeCertificates::grpc)
                    .orElseGet(InsecureServerCredentials::create),
                new GrpcServer.Services(
                    List.of(
                        instanceService,
                        organizationService,
                        keyService,
                        subscriptionService,
                        fileService,
                        skillService,
                        channelService),
                    List.of(
                        new EnvoyOnly(envoy)
                            .guard(
                                new EnvoyAuthorizationService(
                                    keyCheck,
                                    new BodyLimit(BodyLimit.Settings.of(config), rejectionDelay),
                                    new GatewayAuthorization(
                                        directory,
                                        new SandboxListeners(
                                            driver, settings.gateway().listenerAge(), blocking),
                                        settings.gateway().baseDomain(),
                                        controlUi,
                                        new UnknownLimit<>(
                                            "hosts", unknownSettings, rejectionDelay)))))),
                new GrpcServer.Gate(
                    keyCheck,
                    new ClientAddress(envoy),
                    new RateLimit(rateSettings, rejectionDelay),
                    streams,
                    audit,
                    new Idempotency(claims)),
                metrics));
    node.awaitReady();
    awaitFirstPass(reconciler, reconcilerSettings.firstPass());
    grpc.start();
    grpcPort = grpc.port();
    operatorPort = operators.port();
    // If a setting is 0, its port is known only now.
    nodePorts.listen(Set.of(grpcPort, operatorPort));
    serving.set(true);
    shutdown.add("service", () -> startDraining(node, grpc));
    var address = settings.bind().getHostAddress();
    LOG.info(
        "chowder serves gRPC on {}:{}, operators on {}:{}",
        address,
        grpcPort,
        address,
        operatorPort);
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
    return Optional.of(shutdown.add("certificates", NodeCertificates.watch(cluster.tls().get())));
  }

  private TokenFile token(String name, String prefix) throws IOException {
    return TokenFile.in(settings.home().resolve(name), prefix, new SecureRandom());
  }

  /** Returns a stable id, so that after a crash the next query of the schema finds its sandbox. */
  private SandboxId schemaSandbox() {
    var installation = config.getString("chowder.sandbox.docker.cluster-id");
    return SandboxId.ofInstance(
        UUID.nameUUIDFromBytes(("schema of " + installation).getBytes(UTF_8)).toString());
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

  private static SandboxDriver configuredDriver(Config config) {
    var name = config.getString("chowder.sandbox.driver");
    return switch (name) {
      case "docker" -> new DockerSandboxDriver(DockerSandboxSettings.from(config));
      case "fake" -> new FakeSandboxDriver(FakeSandboxSettings.from(config));
      default ->
          throw new IllegalArgumentException(
              must("chowder.sandbox.driver", "be docker or fake", name));
    };
  }

  /** Reports NOT_SERVING first, so that load balancers have time to use other nodes. */
  private void startDraining(ClusterNode node, GrpcServer grpc) throws InterruptedException {
    serving.set(false);
    grpc.setServing(false);
    if (node.hasPeers()) Thread.sleep(settings.grpc().shutdownNotice());
    drain.begin();
  }

  private ClusterNode joinCluster() {
    // Closed after the actors: other nodes may take over only after this node's work has ended.
    var membership =
        shutdown.add(
            "membership",
            Membership.open(StorageSettings.from(config), MembershipSettings.of(config)));
    var system = ActorSystem.create(Behaviors.<Void>empty(), "chowder", cluster.pekko(config));
    var node = shutdown.add("actors", ClusterNode.join(system, cluster, membership));
    var _ = node.lost().thenAccept(lost::complete);
    return node;
  }

  /**
   * Rejects new calls, waits for open calls, then closes all parts. Pending effects are performed
   * after the next start.
   */
  @Override
  public void close() {
    shutdown.close();
  }
}
