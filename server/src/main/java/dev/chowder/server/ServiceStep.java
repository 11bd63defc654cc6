package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.admission.Admission;
import dev.chowder.admission.AdmissionStep;
import dev.chowder.admission.WaitingWorkLimit;
import dev.chowder.cluster.NodeContext;
import dev.chowder.creation.InstanceCreation;
import dev.chowder.creation.PoolClaims;
import dev.chowder.effect.EffectStep;
import dev.chowder.key.ApiKeys;
import dev.chowder.key.KeySettings;
import dev.chowder.key.ScopedKeys;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawSessions;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.OpenClawSkills;
import dev.chowder.organization.Standing;
import dev.chowder.pool.PoolSettings;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.secret.StorageStep;
import dev.chowder.server.audit.AuditLog;
import dev.chowder.server.audit.AuditSettings;
import dev.chowder.server.auth.OpenStreams;
import dev.chowder.server.call.SharedPermits;
import dev.chowder.server.channel.ChannelGrpcService;
import dev.chowder.server.channel.ChannelPresenter;
import dev.chowder.server.channel.ChannelRequests;
import dev.chowder.server.channel.ChannelSettings;
import dev.chowder.server.channel.InstanceChannels;
import dev.chowder.server.file.FileGrpcService;
import dev.chowder.server.file.FileSettings;
import dev.chowder.server.gateway.ControlUiApproval;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.idempotency.Claims;
import dev.chowder.server.idempotency.IdempotencySettings;
import dev.chowder.server.incident.OrganizationDeletions;
import dev.chowder.server.instance.ConfigChanges;
import dev.chowder.server.instance.GatewayClient;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.instance.InstanceDirectory;
import dev.chowder.server.instance.InstanceGrpcService;
import dev.chowder.server.instance.InstancePresenter;
import dev.chowder.server.instance.InstanceRequests;
import dev.chowder.server.instance.InstanceSessions;
import dev.chowder.server.instance.SessionVisibility;
import dev.chowder.server.key.KeyGrpcService;
import dev.chowder.server.key.SessionVisibilityUpgrade;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.OrganizationGrpcService;
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
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.AuditRows;
import dev.chowder.storage.Database;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.IdempotencyRows;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.OrganizationRows;
import io.grpc.BindableService;
import java.security.SecureRandom;
import java.util.List;
import java.util.Set;

/**
 * Creates the services of the API, and starts the background work that they need, such as deletions
 * of organizations. Does not serve calls.
 */
record ServiceStep(
    Config config,
    ServerSettings settings,
    StorageStep.Parts storage,
    SandboxDriver driver,
    AdmissionStep.Parts admission,
    EffectStep.Parts effects,
    DrainSignal drain,
    NodeContext node)
    implements StartupStep<ServiceStep.Parts> {

  /** Started parts. */
  record Parts(
      List<BindableService> api,
      InstanceGrpcService instanceService,
      InstanceClient instances,
      InstanceDirectory directory,
      ControlUiApproval controlUi,
      OrganizationClient organizations,
      SignUps signUps,
      ApiKeys keys,
      RevocationRecorder revocations,
      OrganizationDeletions deletions,
      AuditLog audit,
      OpenStreams streams,
      Claims claims) {}

  /** The parts that several services use. */
  private record Shared(
      InstanceClient instances,
      OrganizationClient organizations,
      InstanceDirectory directory,
      ConfigChanges changes,
      OpenClawSettings openClaw,
      FileSettings files) {}

  @Override
  public Parts start(Startup startup) {
    var database = storage.database();
    var keySettings = KeySettings.from(config);
    var keys = new ApiKeys(database, keySettings, node.clock());
    var shared = shared(keySettings);
    var controlUi =
        startup.add(
            "Control UI approval",
            new ControlUiApproval(shared.directory(), effects.admin(), shared.openClaw()));
    var responses =
        startup.add("responses", new ResponsesProxy(shared.directory(), settings.responses()));
    var instanceService = instanceService(shared, responses);
    var signUps = signUps(shared, keys);
    var revocations =
        startup.add(
            "records of revocations",
            new RevocationRecorder(
                keys,
                shared.organizations(),
                config.getDuration("chowder.key.record-every"),
                node.clock()));
    var keyService = keyService(startup, shared, keys, keySettings, revocations);
    var audit = audit(startup);
    var deletions = deletions(startup, shared, keys, revocations);
    var streams =
        startup.add(
            "revocations",
            new OpenStreams(keys::ended, config.getDuration("chowder.key.revocation-poll")));
    var claims =
        startup.add(
            "idempotency keys",
            new Claims(
                new IdempotencyRows(database), IdempotencySettings.of(config), node.clock()));
    return new Parts(
        List.of(
            instanceService,
            organizationService(shared, keys, signUps),
            keyService,
            SubscriptionGrpcService.create(
                shared.organizations(), StripeSettings.from(config), node.clock()),
            new FileGrpcService(shared.instances(), driver, shared.files()),
            skillService(shared),
            channelService(shared)),
        instanceService,
        shared.instances(),
        shared.directory(),
        controlUi,
        shared.organizations(),
        signUps,
        keys,
        revocations,
        deletions,
        audit,
        streams,
        claims);
  }

  private Database database() {
    return storage.database();
  }

  private Shared shared(KeySettings keySettings) {
    var instances = new InstanceClient(admission.instances(), drain, node.clock());
    return new Shared(
        instances,
        new OrganizationClient(admission.organizations()),
        new InstanceDirectory(
            admission.instances(),
            effects.tokens(),
            new OrganizationStandings(new OrganizationRows(database()), keySettings.cacheTime())),
        new ConfigChanges(
            instances,
            storage.secrets(),
            config.getInt("chowder.instance.config-change-tries"),
            config.getDuration("chowder.instance.config-change-timeout")),
        OpenClawSettings.of(config),
        FileSettings.of(config));
  }

  private InstanceGrpcService instanceService(Shared shared, ResponsesProxy responses) {
    var admitting =
        new Admission(
            admission.slots(),
            admission.setups(),
            admission.memory(),
            new WaitingWorkLimit(
                effects.runner()::waiting, config.getInt("chowder.effect.max-waiting")));
    var claims =
        new PoolClaims(
            admission.poolMembers(),
            driver,
            node.blocking(),
            PoolSettings.of(config).isEnabled(),
            node.metrics());
    var sessions = shared.openClaw().sessions();
    return new InstanceGrpcService(
        new InstanceRequests(settings.instances()),
        new InstancePresenter(settings.gateway()::urlOf),
        shared.instances(),
        new InstanceRows(database()),
        new EventRows(database()),
        admitting,
        new InstanceCreation(
            admission.instances(),
            admitting,
            claims,
            effects.overrides(),
            storage.secrets(),
            node.clock()),
        effects.overrides(),
        shared.changes(),
        responses,
        new InstanceSessions(
            gateways(shared, "sessions", sessions.maxOpen()),
            new OpenClawSessions(effects.conversations(), sessions)),
        driver,
        effects.tokens(),
        effects.known(),
        new SharedPermits("open log streams", config.getInt("chowder.logs.max-open")),
        FleetWatchSettings.of(config),
        node.clock());
  }

  private GatewayClient gateways(Shared shared, String name, int maxOpen) {
    return new GatewayClient(shared.directory(), effects.devices(), name, maxOpen);
  }

  private SkillGrpcService skillService(Shared shared) {
    var skills = SkillSettings.of(config);
    return new SkillGrpcService(
        gateways(shared, "skills", skills.maxOpen()),
        new OpenClawSkills(
            effects.conversations(), effects.admin(), skills.installLimit(), skills.seenLimit()),
        shared.instances(),
        driver,
        skills,
        shared.files().endSleepLimit());
  }

  private ChannelGrpcService channelService(Shared shared) {
    var openClaw = shared.openClaw();
    // Queries must finish before Envoy's timeout.
    var queryAdmin =
        new OpenClawAdmin(effects.http(), openClaw.conversationLimit(), effects.responses());
    var localhostPorts = ChannelSettings.of(config).localhostPorts();
    var hostPorts = effects.hostPorts();
    return new ChannelGrpcService(
        new ChannelRequests(port -> localhostPorts.contains(port) && hostPorts.mayName(port)),
        new ChannelPresenter(settings.gateway()::urlOf),
        new InstanceChannels(
            shared.instances(),
            shared.changes(),
            gateways(shared, "channels", openClaw.channels().maxOpen()),
            effects.channels(),
            new OpenClawChannels(queryAdmin, effects.conversations()),
            new OpenClawChannels(effects.admin(), effects.conversations()),
            driver,
            openClaw.channels(),
            node.clock(),
            new SecureRandom()),
        shared.instances(),
        effects.channels());
  }

  private SignUps signUps(Shared shared, ApiKeys keys) {
    var rows = new OrganizationRows(database());
    return new SignUps(
        shared.organizations(),
        keys,
        new SignUpPolicy(
            settings.signUpOpen(),
            settings.unisolatedOrganizations(),
            driver::isolationFailure,
            () -> rows.isAnyBesides(Standing.DELETED.label())),
        node.clock());
  }

  private OrganizationGrpcService organizationService(
      Shared shared, ApiKeys keys, SignUps signUps) {
    return new OrganizationGrpcService(
        new OrganizationRequests(
            settings.instances().modelProviders(),
            settings.privateModelHosts(),
            effects.hostPorts()::mayName),
        shared.organizations(),
        keys,
        storage.secrets(),
        signUps,
        node.clock());
  }

  private KeyGrpcService keyService(
      Startup startup,
      Shared shared,
      ApiKeys keys,
      KeySettings keySettings,
      RevocationRecorder revocations) {
    var scopedKeys = new ScopedKeys(database(), keys, keySettings, node.clock());
    var visibility =
        new SessionVisibility(
            shared.instances(), shared.changes(), effects.overrides(), node.clock());
    var _ =
        startup.add(
            "session visibility of earlier keys",
            new SessionVisibilityUpgrade(
                scopedKeys,
                visibility,
                config.getDuration("chowder.key.session-visibility-retry")));
    return new KeyGrpcService(
        scopedKeys,
        new InstanceRows(database()),
        visibility,
        shared.organizations(),
        revocations,
        node.clock());
  }

  private AuditLog audit(Startup startup) {
    var instanceRows = new InstanceRows(database());
    return startup.add(
        "audit",
        new AuditLog(
            new AuditRows(database()),
            AuditSettings.of(config),
            node.clock(),
            (organization, id) -> instanceRows.countLive(organization, Set.of(id)) > 0));
  }

  private OrganizationDeletions deletions(
      Startup startup, Shared shared, ApiKeys keys, RevocationRecorder revocations) {
    return startup.add(
        "deletions of organizations",
        new OrganizationDeletions(
            shared.organizations(),
            new OrganizationRows(database()),
            shared.instances(),
            new InstanceRows(database()),
            admission.poolMembers(),
            keys,
            revocations,
            storage.secrets(),
            new SubscriptionCancellation(StripeSettings.from(config)),
            config.getDuration("chowder.deletion.retry-every"),
            config.getDuration("chowder.deletion.slot-limit"),
            node.clock()));
  }
}
