package dev.chowder.effect;

import static dev.chowder.sandbox.TestResources.OPENCLAW;

import com.google.protobuf.ByteString;
import com.typesafe.config.ConfigFactory;
import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.HostMemory;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.gateway.Overrides;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.gateway.StoredOverrides;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.ModelChoice;
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
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.model.ModelHosts;
import dev.chowder.openclaw.model.ModelListProbe;
import dev.chowder.sandbox.HostRebindings;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import dev.chowder.settings.SettingsBinder;
import dev.chowder.sleep.ChecksAfterStart;
import dev.chowder.sleep.GatewaySleep;
import dev.chowder.sleep.SleepFailures;
import dev.chowder.sleep.SleepSettings;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Creates the classes that call gateways, with the settings of a server. */
public final class TestGateways {
  private final OpenClawSettings settings = OpenClawSettings.of(ConfigFactory.load());
  private final SecretStore secrets;
  private final SandboxEngine engine;
  private final HttpClient http;
  private final OpenClawAdmin admin;
  private final GatewayConversations conversations;
  private final GatewayDevices devices;
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private Optional<ByteString> skeleton = Optional.empty();

  public TestGateways(SecretStore secrets, SandboxEngine engine, HttpClient http) {
    this.secrets = secrets;
    this.engine = engine;
    this.http = http;
    var responses = new GatewayResponses(settings.responses());
    this.admin = new OpenClawAdmin(http, settings.adminTimeout(), responses);
    this.conversations =
        new GatewayConversations(http, admin, settings.conversationTimeout(), responses);
    this.devices = new GatewayDevices(secrets);
  }

  /** Returns responses with the limits of {@code reference.conf}. */
  public static GatewayResponses responses() {
    return new GatewayResponses(OpenClawSettings.of(ConfigFactory.load()).responses());
  }

  public GatewayTokens tokens() {
    return new GatewayTokens(
        secrets, engine, admin, conversations, devices, settings.adminTimeout());
  }

  /** Returns overrides of which no other node makes a later change. */
  static StoredOverrides overrides(
      SecretStore secrets,
      OpenClawAdmin admin,
      OverrideLimits limits,
      Supplier<Optional<ConfigSchema>> schema,
      UnaryOperator<String> publicUrl) {
    return new StoredOverrides(secrets, admin, limits, schema, publicUrl, (_, _) -> false);
  }

  public StoredChannels channels() {
    var plugins = new OpenClawPlugins(conversations, settings.channels().pluginTimeout());
    return new StoredChannels(secrets, admin, devices, plugins, engine, (_, _) -> false);
  }

  GatewaySuspension suspension() {
    return new GatewaySuspension(
        admin,
        new GatewayDatabases(admin, conversations, devices::of),
        (id, gateway) -> tokens().valid(new InstanceId(id), gateway),
        settings.suspendCancelTimeout());
  }

  /** Returns the stops of a server whose gateways have this time to finish their work. */
  GatewaySleep sleep(Duration suspendLimit) {
    var config =
        ConfigFactory.parseMap(Map.of("chowder.effect.sleep.suspend-timeout", suspendLimit))
            .withFallback(ConfigFactory.load());
    return new GatewaySleep(
        engine,
        suspension(),
        SettingsBinder.bind(config, SleepSettings.class),
        SettingsBinder.bind(config, EffectSettings.class).drainTimeout(),
        InstantSource.system(),
        hostMemory(),
        new SleepFailures(metrics));
  }

  /** Returns checks with this time before each. */
  ChecksAfterStart checks(Duration delay) {
    var config =
        ConfigFactory.parseMap(Map.of("chowder.effect.sleep.check-delay", delay))
            .withFallback(ConfigFactory.load());
    return new ChecksAfterStart(
        engine,
        suspension(),
        SettingsBinder.bind(config, SleepSettings.class),
        SettingsBinder.bind(config, EffectSettings.class).drainTimeout(),
        new SleepFailures(metrics));
  }

  /** Returns the number of failures that the sleep and the checks counted. */
  double failures(String step, String reason) {
    return failures(metrics, step, reason);
  }

  static double failures(MeterRegistry metrics, String step, String reason) {
    return metrics
        .get("chowder.sleep.failures")
        .tags("step", step, "reason", reason)
        .counter()
        .count();
  }

  /** Returns the memory of the simulated host, without anything that other gateways wait for. */
  private HostMemory hostMemory() {
    return new HostMemory() {
      @Override
      public boolean admits(InstanceId id) {
        return true;
      }

      @Override
      public Optional<Reservation> reserve(long bytes) {
        return engine.host().capacity().availableBytes() < bytes
            ? Optional.empty()
            : HostMemory.super.reserve(bytes);
      }
    };
  }

  /** Sets the onboarded configuration of the image. */
  void haveSkeleton(ByteString known) {
    skeleton = Optional.of(known);
  }

  /** Returns the sleep of the gateways with the default settings. */
  GatewaySleep sleep() {
    var effects = SettingsBinder.bind(ConfigFactory.load(), EffectSettings.class);
    return new GatewaySleep(
        engine,
        suspension(),
        effects.sleep(),
        effects.drainTimeout(),
        InstantSource.system(),
        hostMemory(),
        new SleepFailures(metrics));
  }

  GatewayStages stages(
      Overrides overrides,
      StoredChannels channels,
      UnaryOperator<String> publicUrl,
      String snapshot) {
    // On a loaded machine, the first turn of a gateway takes more than a minute.
    return stages(overrides, channels, publicUrl, snapshot, Duration.ofMinutes(4));
  }

  GatewayStages stages(
      Overrides overrides,
      StoredChannels channels,
      UnaryOperator<String> publicUrl,
      String snapshot,
      Duration warmUpLimit) {
    var effects = SettingsBinder.bind(ConfigFactory.load(), EffectSettings.class);
    var image = new SandboxImage(snapshot, OPENCLAW, () -> skeleton);
    var sleep = sleep();
    var models =
        new ModelSetups(
            engine,
            (_, port) -> {
              engine.host().openHostPorts(Set.of(port));
              return HostPortAccess.State.LISTED;
            },
            keys(),
            new ModelListProbe(ModelHosts.PUBLIC, Duration.ofSeconds(5), Duration.ZERO));
    var warmUp =
        new GatewayWarmUp(
            http,
            conversations,
            devices::of,
            settings.responses().others().maxBytes(),
            warmUpLimit,
            Duration.ZERO);
    var output = new GatewayOutput(engine, new KnownSecrets(secrets, tokens()));
    var configuration = new ConfigurationStage(engine, image, overrides, channels, effects);
    var boot =
        new GatewayBoot(
            engine,
            image,
            new GatewayReadiness(),
            hostMemory(),
            output,
            new GatewayReadiness.Limits(effects.readyTimeout(), effects.idleBootTimeout()));
    return new GatewayStages(
        new HomeVolumes(engine, secrets, image),
        new OnboardingStages(
            engine,
            image,
            new OnboardedConfig(engine, image, output, effects),
            models,
            tokens(),
            channels,
            publicUrl),
        configuration,
        new StartStages(
            sleep,
            new ProviderStage(engine, models, new ConfigFile(engine)),
            configuration,
            tokens(),
            boot,
            new WarmUpStage(engine, sleep, tokens(), warmUp, boot),
            hostMemory()),
        tokens(),
        new Sandboxes(engine, HostRebindings.NONE),
        (_, _) -> {});
  }

  /** Returns the keys of organizations that never change an endpoint. */
  private ModelSetups.Keys keys() {
    return new ModelSetups.Keys() {
      @Override
      public Optional<Secret> of(String organizationId, ModelChoice model) {
        return secrets.get(organizationId, SecretNames.providerKey(model.provider(), "0"));
      }

      @Override
      public ModelSetups.Current current(String organizationId, ModelChoice model) {
        return new ModelSetups.Current(Optional.of(model), of(organizationId, model));
      }
    };
  }
}
