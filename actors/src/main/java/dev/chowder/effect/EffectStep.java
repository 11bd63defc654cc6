package dev.chowder.effect;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.chowder.cluster.NodeContext;
import dev.chowder.cluster.SharedHostPorts;
import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.HostMemory;
import dev.chowder.gateway.ImageFiles;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.LaterConfig;
import dev.chowder.gateway.MaskedWork;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.gateway.Overrides;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.gateway.StoredOverrides;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.hostport.HostPortSettings;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.Instances;
import dev.chowder.instance.TransitionLog;
import dev.chowder.openclaw.GatewayConversations;
import dev.chowder.openclaw.GatewayDatabases;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.openclaw.GatewayResponses;
import dev.chowder.openclaw.GatewaySuspension;
import dev.chowder.openclaw.GatewayWarmUp;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawPlugins;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.model.ModelHosts;
import dev.chowder.openclaw.model.ModelListProbe;
import dev.chowder.rows.RowSettings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxSettings;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.secret.StorageStep;
import dev.chowder.settings.Setting;
import dev.chowder.sleep.GatewaySleep;
import dev.chowder.sleep.SleepFailures;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.HostPortRows;
import dev.chowder.storage.InstanceRows;
import java.net.http.HttpClient;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.apache.pekko.actor.typed.ActorSystem;

/** Starts the effects of instances, and hosts instances on this node. */
public record EffectStep(
    Settings settings,
    Environment environment,
    StorageStep.Parts storage,
    SandboxEngine engine,
    ActorSystem<?> system,
    Needs needs,
    NodeContext node)
    implements StartupStep<EffectStep.Parts> {

  /** Settings of this step. */
  public record Settings(
      EffectSettings effects,
      @Setting("chowder.openclaw") OpenClawSettings openClaw,
      HostPortSettings hostPorts,
      SandboxSettings sandbox,
      RowSettings rows) {
    /**
     * Returns the sandbox in which the image's schema is read; stable, so that after a crash the
     * next query of the schema finds it.
     */
    public SandboxId schemaSandbox() {
      return SandboxId.ofInstance(
          UUID.nameUUIDFromBytes(("schema of " + sandbox.clusterId()).getBytes(UTF_8)).toString());
    }
  }

  /**
   * Values that the settings of the edge determine.
   *
   * @param gatewayUrl maps an instance's id to its gateway's public URL
   * @param privateModelHosts hosts with private addresses that a model's base URL may name
   * @param localhostPorts ports of the host that channels may use
   * @param ownPorts ports that this node listens on, which no sandbox may use
   */
  public record Environment(
      UnaryOperator<String> gatewayUrl,
      OverrideLimits overrideLimits,
      Set<String> privateModelHosts,
      Set<Integer> localhostPorts,
      Set<Integer> ownPorts) {}

  /** Parts of earlier steps. */
  public record Needs(
      Sandboxes sandboxes,
      Instances instances,
      GatewayStages.SlotReleases slots,
      HostMemory memory,
      BootPermits boots,
      ModelSetups.Keys keys) {}

  /** Started parts. */
  public record Parts(
      Clients clients,
      Configuration configuration,
      SharedHostPorts nodePorts,
      HostPortAccess hostPorts,
      EffectRunner runner) {}

  /** Clients of gateways. */
  public record Clients(
      HttpClient http,
      GatewayResponses responses,
      OpenClawAdmin admin,
      GatewayConversations conversations,
      GatewayDevices devices) {}

  /** The configuration of gateways. */
  public record Configuration(
      GatewayTokens tokens, KnownSecrets known, Overrides overrides, StoredChannels channels) {}

  @Override
  public Parts start(Startup startup) {
    var nodePorts = SharedHostPorts.share(system, node.blocking());
    nodePorts.listen(environment.ownPorts());
    var hostPorts = hostPorts(nodePorts);
    var clients = clients();
    var images =
        new ImageFiles(
            engine,
            settings.schemaSandbox(),
            settings.sandbox().image(),
            settings.sandbox().resources(),
            settings.openClaw().schemaTimeout());
    // Read the image early, so that the first caller with overrides need not wait for it.
    node.blocking().execute(images::schema);
    var configuration = configuration(clients, images);
    var sleep = sleep(clients, configuration.tokens());
    var runner =
        startup.add(
            "effects",
            new EffectRunner(
                new MaskedWork(
                    stages(clients, configuration, images, hostPorts, sleep),
                    configuration.known()),
                sleep,
                needs.sandboxes(),
                settings.effects(),
                needs.boots(),
                node.clock(),
                node.metrics()));
    var rows = new InstanceRows(storage.database());
    needs
        .instances()
        .host(
            runner,
            new InstanceReadRows(rows, node.blocking(), settings.rows().maxPerWrite()),
            node.failpoints(),
            new TransitionLog(node.metrics()));
    return new Parts(clients, configuration, nodePorts, hostPorts, runner);
  }

  private HostPortAccess hostPorts(SharedHostPorts nodePorts) {
    var hostPorts =
        new HostPortAccess(
            new HostPortRows(storage.database()),
            engine,
            settings.hostPorts(),
            environment.localhostPorts(),
            nodePorts,
            node.clock(),
            node.metrics());
    nodePorts.whenChanged(hostPorts::refresh, settings.hostPorts().refreshInterval());
    return hostPorts;
  }

  private Clients clients() {
    var http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(node.blocking())
            .build();
    var openClaw = settings.openClaw();
    var responses = new GatewayResponses(openClaw.responses());
    var admin = new OpenClawAdmin(http, openClaw.adminTimeout(), responses);
    var conversations =
        new GatewayConversations(http, admin, openClaw.conversationTimeout(), responses);
    return new Clients(
        http, responses, admin, conversations, new GatewayDevices(storage.secrets()));
  }

  private Configuration configuration(Clients clients, ImageFiles images) {
    var secrets = storage.secrets();
    var openClaw = settings.openClaw();
    var admin = clients.admin();
    var rows = new InstanceRows(storage.database());
    LaterConfig later =
        (id, version) ->
            rows.get(id.value())
                .map(InstanceReadRows::view)
                .filter(view -> view.profile().config().hasReplaced(version))
                .isPresent();
    var tokens =
        new GatewayTokens(
            secrets,
            engine,
            admin,
            clients.conversations(),
            clients.devices(),
            openClaw.adminTimeout());
    return new Configuration(
        tokens,
        new KnownSecrets(secrets, tokens),
        new StoredOverrides(
            secrets,
            admin,
            environment.overrideLimits(),
            images::schema,
            environment.gatewayUrl(),
            later),
        new StoredChannels(
            secrets,
            admin,
            clients.devices(),
            new OpenClawPlugins(clients.conversations(), openClaw.channels().pluginTimeout()),
            engine,
            later));
  }

  private GatewayStages stages(
      Clients clients,
      Configuration configuration,
      ImageFiles images,
      HostPortAccess hostPorts,
      GatewaySleep sleep) {
    var image =
        new SandboxImage(
            settings.sandbox().image(), settings.sandbox().resources(), images::skeleton);
    var output = new GatewayOutput(engine, configuration.known());
    var configurationStage =
        new ConfigurationStage(
            engine, image, configuration.overrides(), configuration.channels(), settings.effects());
    var boot =
        new GatewayBoot(
            engine,
            image,
            new GatewayReadiness(),
            needs.memory(),
            output,
            new GatewayReadiness.Limits(
                settings.effects().readyTimeout(), settings.effects().idleBootTimeout()));
    var models = models(hostPorts);
    return new GatewayStages(
        new HomeVolumes(engine, storage.secrets(), image),
        new OnboardingStages(
            engine,
            image,
            new OnboardedConfig(engine, image, output, settings.effects()),
            models,
            configuration.tokens(),
            configuration.channels(),
            environment.gatewayUrl()),
        configurationStage,
        new StartStages(
            sleep,
            new ProviderStage(engine, models, new ConfigFile(engine)),
            configurationStage,
            configuration.tokens(),
            boot,
            new WarmUpStage(engine, sleep, configuration.tokens(), warmUp(clients), boot),
            needs.memory()),
        configuration.tokens(),
        needs.sandboxes(),
        needs.slots());
  }

  private GatewaySleep sleep(Clients clients, GatewayTokens tokens) {
    var databases =
        new GatewayDatabases(clients.admin(), clients.conversations(), clients.devices()::of);
    return new GatewaySleep(
        engine,
        new GatewaySuspension(
            clients.admin(),
            databases,
            (id, gateway) -> tokens.valid(new InstanceId(id), gateway),
            settings.openClaw().suspendCancelTimeout()),
        settings.effects().sleep(),
        settings.effects().drainTimeout(),
        node.clock(),
        needs.memory(),
        new SleepFailures(node.metrics()));
  }

  private ModelSetups models(HostPortAccess hostPorts) {
    var effects = settings.effects();
    return new ModelSetups(
        engine,
        hostPorts::use,
        needs.keys(),
        new ModelListProbe(
            new ModelHosts(environment.privateModelHosts()),
            effects.probeTimeout(),
            effects.probeCacheMaxAge()));
  }

  private GatewayWarmUp warmUp(Clients clients) {
    return new GatewayWarmUp(
        clients.http(),
        clients.conversations(),
        clients.devices()::of,
        settings.openClaw().responses().others().maxBytes(),
        settings.openClaw().warmUpTimeout(),
        settings.openClaw().warmUpDelay());
  }
}
