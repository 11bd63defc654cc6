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
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.secret.StorageStep;
import dev.chowder.server.audit.AuditLog;
import dev.chowder.server.audit.AuditSettings;
import dev.chowder.server.auth.OpenStreams;
import dev.chowder.server.call.EventBytes;
import dev.chowder.server.channel.ChannelGrpcService;
import dev.chowder.server.channel.ChannelPairings;
import dev.chowder.server.channel.ChannelPresenter;
import dev.chowder.server.channel.ChannelRequests;
import dev.chowder.server.channel.ChannelSettings;
import dev.chowder.server.channel.ChannelSwitch;
import dev.chowder.server.channel.InstanceChannels;
import dev.chowder.server.file.FileGrpcService;
import dev.chowder.server.file.FileSettings;
import dev.chowder.server.gateway.ControlUiApproval;
import dev.chowder.server.gateway.ResponsesProxy;
import dev.chowder.server.idempotency.Claims;
import dev.chowder.server.idempotency.IdempotencySettings;
import dev.chowder.server.instance.ConfigChanges;
import dev.chowder.server.instance.GatewayClient;
import dev.chowder.server.instance.InstanceAccess;
import dev.chowder.server.instance.InstanceClient;
import dev.chowder.server.instance.InstanceDirectory;
import dev.chowder.server.instance.InstanceGrpcService;
import dev.chowder.server.instance.InstanceLogs;
import dev.chowder.server.instance.InstancePresenter;
import dev.chowder.server.instance.InstanceReads;
import dev.chowder.server.instance.InstanceRequests;
import dev.chowder.server.instance.InstanceSessions;
import dev.chowder.server.instance.InstanceStarts;
import dev.chowder.server.instance.InstanceWrites;
import dev.chowder.server.instance.OverrideChecks;
import dev.chowder.server.instance.SessionVisibility;
import dev.chowder.server.key.KeyGrpcService;
import dev.chowder.server.operator.BulkRecovery;
import dev.chowder.server.operator.InstanceDeletions;
import dev.chowder.server.operator.OrganizationDeletion;
import dev.chowder.server.operator.OrganizationDeletions;
import dev.chowder.server.organization.OrganizationClient;
import dev.chowder.server.organization.OrganizationGrpcService;
import dev.chowder.server.organization.OrganizationRequests;
import dev.chowder.server.organization.OrganizationStandings;
import dev.chowder.server.organization.RevocationRecorder;
import dev.chowder.server.organization.SignUpPolicy;
import dev.chowder.server.organization.SignUps;
import dev.chowder.server.rate.SharedPermits;
import dev.chowder.server.skill.SkillGrpcService;
import dev.chowder.server.skill.SkillSettings;
import dev.chowder.server.stream.DrainSignal;
import dev.chowder.server.subscription.StripeSettings;
import dev.chowder.server.subscription.SubscriptionCancellation;
import dev.chowder.server.subscription.SubscriptionGrpcService;
import dev.chowder.server.watch.FleetWatchSettings;
import dev.chowder.settings.SettingsBinder;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.AuditRows;
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
    ServiceSettings values,
    StorageStep.Parts storage,
    Sandboxes sandboxes,
    AdmissionStep.Parts admission,
    EffectStep.Parts effects,
    DrainSignal drain,
    NodeContext node)
    implements StartupStep<ServiceStep.Parts> {

  /** Started parts. */
  record Parts(
      List<BindableService> api,
      InstanceClient instances,
      BulkRecovery bulkRecovery,
      InstanceDirectory directory,
      ControlUiApproval controlUi,
      OrganizationClient organizations,
      SignUps signUps,
      ApiKeys keys,
      RevocationRecorder revocations,
      OrganizationDeletion deletion,
      AuditLog audit,
      OpenStreams streams,
      Claims claims) {}

  /** The parts that several services use. */
  private record Shared(
      InstanceClient instances,
      OrganizationClient organizations,
      InstanceDirectory directory,
      ConfigChanges changes,
      OverrideChecks checks,
      OpenClawSettings openClaw,
      FileSettings files) {}

  @Override
  public Parts start(Startup startup) {
    var keySettings = SettingsBinder.bind(config, KeySettings.class);
    var keys = new ApiKeys(storage.database(), keySettings, node.clock());
    var shared = shared(keySettings);
    var controlUi =
        startup.add(
            "Control UI approval",
            new ControlUiApproval(
                shared.directory(), effects.clients().admin(), shared.openClaw()));
    var responses =
        startup.add("responses", new ResponsesProxy(shared.directory(), settings.responses()));
    var admitting = admitting();
    var starts = new InstanceStarts(shared.instances(), admitting, sandboxes);
    var signUps = signUps(shared, keys);
    var revocations =
        startup.add(
            "records of revocations",
            new RevocationRecorder(
                keys, shared.organizations(), values.recordInterval(), node.clock()));
    var audit = audit(startup);
    var deletion = deletion(startup, shared, revocations);
    var streams =
        startup.add("revocations", new OpenStreams(keys::ended, values.revocationPollInterval()));
    var claims =
        startup.add(
            "idempotency keys",
            new Claims(
                new IdempotencyRows(storage.database()),
                SettingsBinder.bind(config, IdempotencySettings.class),
                node.clock(),
                node.failpoints()));
    return new Parts(
        List.of(
            instanceService(shared, responses, admitting, starts),
            organizationService(shared, keys, signUps),
            keyService(shared, keys, keySettings, revocations),
            SubscriptionGrpcService.create(
                shared.organizations(), StripeSettings.from(config), node.clock()),
            new FileGrpcService(shared.instances(), sandboxes, shared.files()),
            skillService(shared),
            channelService(shared)),
        shared.instances(),
        new BulkRecovery(new InstanceRows(storage.database()), starts, sandboxes),
        shared.directory(),
        controlUi,
        shared.organizations(),
        signUps,
        keys,
        revocations,
        deletion,
        audit,
        streams,
        claims);
  }

  private Shared shared(KeySettings keySettings) {
    var instances = new InstanceClient(admission.instances(), drain, node.clock());
    return new Shared(
        instances,
        new OrganizationClient(admission.organizations()),
        new InstanceDirectory(
            admission.instances(),
            effects.configuration().tokens(),
            sandboxes,
            new OrganizationStandings(
                new OrganizationRows(storage.database()), keySettings.cacheMaxAge())),
        new ConfigChanges(
            instances,
            storage.secrets(),
            values.maxConfigChangeTries(),
            values.configChangeTimeout(),
            new EventBytes(storage.database(), values.maxEventBytesPerDay(), node)),
        new OverrideChecks(
            effects.configuration().overrides(), settings.instances().openclawConfigTimeout()),
        OpenClawSettings.of(config),
        SettingsBinder.bind(config, FileSettings.class));
  }

  private Admission admitting() {
    return new Admission(
        admission.slots(),
        admission.setups(),
        admission.memory(),
        admission.disk(),
        new WaitingWorkLimit(effects.runner()::waiting, values.maxWaitingEffects()));
  }

  private InstanceGrpcService instanceService(
      Shared shared, ResponsesProxy responses, Admission admitting, InstanceStarts starts) {
    var presenter =
        new InstancePresenter(
            settings.gateway()::urlOf,
            effects.configuration().overrides(),
            settings.instances().maxPageConfigBytes());
    var sessions = shared.openClaw().sessions();
    return new InstanceGrpcService(
        presenter,
        shared.instances(),
        new InstanceWrites(
            new InstanceRequests(settings.instances()),
            shared.instances(),
            creation(admitting),
            shared.checks(),
            shared.changes()),
        starts,
        instanceReads(shared, presenter),
        new InstanceSessions(
            gateways(shared, "sessions", sessions.maxOpen()),
            new OpenClawSessions(effects.clients().conversations(), sessions),
            responses),
        new InstanceAccess(shared.instances(), shared.directory(), presenter));
  }

  private InstanceCreation creation(Admission admitting) {
    var claims =
        new PoolClaims(
            admission.poolMembers(),
            sandboxes,
            node.blocking(),
            SettingsBinder.bind(config, PoolSettings.class).isEnabled(),
            node.metrics());
    return new InstanceCreation(
        admission.instances(),
        admitting,
        claims,
        effects.configuration().overrides(),
        storage.secrets(),
        node.clock());
  }

  private InstanceReads instanceReads(Shared shared, InstancePresenter presenter) {
    return new InstanceReads(
        presenter,
        shared.instances(),
        new InstanceRows(storage.database()),
        new EventRows(storage.database()),
        new InstanceLogs(
            shared.instances(),
            sandboxes,
            effects.configuration().known(),
            new SharedPermits("open log streams", values.maxOpenLogs())),
        SettingsBinder.bind(config, FleetWatchSettings.class),
        node.clock());
  }

  private GatewayClient gateways(Shared shared, String name, int maxOpen) {
    return new GatewayClient(shared.directory(), effects.clients().devices(), name, maxOpen);
  }

  private SkillGrpcService skillService(Shared shared) {
    var skills = SettingsBinder.bind(config, SkillSettings.class);
    return new SkillGrpcService(
        gateways(shared, "skills", skills.maxOpen()),
        new OpenClawSkills(
            effects.clients().conversations(),
            effects.clients().admin(),
            skills.installTimeout(),
            skills.reportTimeout()),
        shared.instances(),
        sandboxes,
        skills,
        shared.files().endSleepTimeout());
  }

  private ChannelGrpcService channelService(Shared shared) {
    var openClaw = shared.openClaw();
    // Queries must finish before Envoy's timeout.
    var clients = effects.clients();
    var queryAdmin =
        new OpenClawAdmin(clients.http(), openClaw.conversationTimeout(), clients.responses());
    var localhostPorts = SettingsBinder.bind(config, ChannelSettings.class).localhostPorts();
    var gateways = gateways(shared, "channels", openClaw.channels().maxOpen());
    var quick = new OpenClawChannels(queryAdmin, clients.conversations());
    var slow = new OpenClawChannels(clients.admin(), clients.conversations());
    var channelSwitch =
        new ChannelSwitch(
            shared.instances(),
            shared.changes(),
            effects.configuration().channels(),
            openClaw.channels(),
            new SecureRandom());
    return new ChannelGrpcService(
        new ChannelRequests(
            port -> localhostPorts.contains(port) && effects.hostPorts().mayName(port)),
        new ChannelPresenter(settings.gateway()::urlOf),
        new InstanceChannels(
            channelSwitch, gateways, quick, slow, openClaw.channels(), node.clock()),
        new ChannelPairings(
            shared.instances(), gateways, quick, slow, sandboxes, openClaw.channels()),
        shared.instances(),
        effects.configuration().channels());
  }

  private SignUps signUps(Shared shared, ApiKeys keys) {
    return new SignUps(
        shared.organizations(),
        keys,
        new SignUpPolicy(
            settings.signUpOpen(),
            settings.unisolatedOrganizations(),
            sandboxes::isolationFailure,
            () -> new OrganizationRows(storage.database()).isAnyBesides(Standing.DELETED.label())),
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
        node.clock(),
        shared.changes().eventBytes());
  }

  private KeyGrpcService keyService(
      Shared shared, ApiKeys keys, KeySettings keySettings, RevocationRecorder revocations) {
    var scopedKeys = new ScopedKeys(storage.database(), keys, keySettings, node.clock());
    var visibility =
        new SessionVisibility(shared.instances(), shared.changes(), shared.checks(), node.clock());
    return new KeyGrpcService(
        scopedKeys,
        new InstanceRows(storage.database()),
        visibility,
        shared.organizations(),
        revocations,
        node.clock());
  }

  private AuditLog audit(Startup startup) {
    var instanceRows = new InstanceRows(storage.database());
    return startup.add(
        "audit",
        new AuditLog(
            new AuditRows(storage.database()),
            SettingsBinder.bind(config, AuditSettings.class),
            node.clock(),
            (organization, id) -> instanceRows.countLive(organization, Set.of(id)) > 0));
  }

  private OrganizationDeletion deletion(
      Startup startup, Shared shared, RevocationRecorder revocations) {
    var deletion =
        new OrganizationDeletion(
            shared.organizations(),
            new InstanceDeletions(
                shared.instances(),
                new InstanceRows(storage.database()),
                admission.poolMembers(),
                node.clock()),
            revocations,
            storage.secrets(),
            new SubscriptionCancellation(StripeSettings.from(config)),
            values.deletionSlotTimeout(),
            node.clock());
    var _ =
        startup.add(
            "deletions of organizations",
            new OrganizationDeletions(
                new OrganizationRows(storage.database()),
                deletion,
                values.deletionRetryInterval()));
    return deletion;
  }
}
