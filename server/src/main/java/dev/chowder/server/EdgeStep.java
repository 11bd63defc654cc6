package dev.chowder.server;

import com.typesafe.config.Config;
import dev.chowder.cluster.NodeContext;
import dev.chowder.cluster.NodeNames;
import dev.chowder.duty.DutyStep;
import dev.chowder.effect.EffectStep;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.rows.RowRebuild;
import dev.chowder.rows.RowSettings;
import dev.chowder.sandbox.Sandboxes;
import dev.chowder.secret.BackupTag;
import dev.chowder.secret.SecretSettings;
import dev.chowder.secret.SignedBackups;
import dev.chowder.secret.StorageStep;
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
import dev.chowder.server.gateway.OpenRequests;
import dev.chowder.server.idempotency.Idempotency;
import dev.chowder.server.instance.SandboxListeners;
import dev.chowder.server.operator.ClusterNodes;
import dev.chowder.server.operator.HomeBackups;
import dev.chowder.server.operator.HostOperatorCommands;
import dev.chowder.server.operator.IncidentResponse;
import dev.chowder.server.operator.MonitoringServer;
import dev.chowder.server.operator.OpenConnections;
import dev.chowder.server.operator.OperatorGrpcService;
import dev.chowder.server.operator.OperatorServer;
import dev.chowder.server.operator.OrganizationOperatorCommands;
import dev.chowder.server.operator.RowOperatorCommands;
import dev.chowder.server.operator.SecretOperatorCommands;
import dev.chowder.server.rate.BodyLimit;
import dev.chowder.server.rate.RateLimit;
import dev.chowder.server.rate.RateSettings;
import dev.chowder.settings.SettingsBinder;
import dev.chowder.startup.Startup;
import dev.chowder.startup.StartupStep;
import dev.chowder.storage.AuditRows;
import dev.chowder.storage.InstanceRows;
import dev.chowder.storage.OrganizationRows;
import dev.chowder.storage.StorageSettings;
import io.grpc.InsecureServerCredentials;
import io.grpc.ServerCredentials;
import io.grpc.ServerServiceDefinition;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Starts the operator port and the monitoring port, and creates the gRPC server without starting
 * it: the node serves only when it is ready.
 *
 * @param isServing returns whether the node serves calls
 */
record EdgeStep(
    Config config,
    ServerSettings settings,
    Optional<NodeCertificates> certificates,
    Inputs inputs,
    PrometheusMeterRegistry metrics,
    BooleanSupplier isServing,
    NodeContext node)
    implements StartupStep<EdgeStep.Parts> {

  /** Parts of earlier steps. */
  record Inputs(
      StorageStep.Parts storage,
      Sandboxes sandboxes,
      SandboxHosts hosts,
      EffectStep.Parts effects,
      DutyStep.Parts duties,
      ServiceStep.Parts services,
      NodeNames nodes) {}

  /** Started parts. */
  record Parts(OperatorServer operators, MonitoringServer monitoring, GrpcServer grpc) {}

  @Override
  public Parts start(Startup startup) throws IOException {
    var envoy = new EnvoyToken(token("envoy.token", "chd_envoy_"));
    var gate =
        new OperatorServer.Gate(
            token("operator.token", "chd_op_"),
            new ClientAddress(envoy),
            inputs.services().audit());
    var operators =
        startup.add(
            "operator port",
            OperatorServer.start(settings, credentials(), gate, operatorService()));
    var monitoring =
        startup.add(
            "monitoring port",
            MonitoringServer.start(
                settings,
                certificates.map(NodeCertificates::https),
                gate,
                new MonitoringServer.Sources(
                    metrics::scrape,
                    isServing,
                    () -> inputs.sandboxes().isolationFailure().isEmpty())));
    return new Parts(operators, monitoring, startup.add("gRPC", grpc(envoy)));
  }

  private ServerCredentials credentials() {
    return certificates.map(NodeCertificates::grpc).orElseGet(InsecureServerCredentials::create);
  }

  private OperatorGrpcService operatorService() {
    var services = inputs.services();
    var storage = inputs.storage();
    var duties = inputs.duties();
    return new OperatorGrpcService(
        new OrganizationOperatorCommands(
            services.signUps(),
            services.organizations(),
            new OrganizationRows(storage.database()),
            services.keys(),
            services.revocations(),
            node.clock()),
        new IncidentResponse(
            services.organizations(),
            services.deletion(),
            services.revocations(),
            services.instances(),
            new OpenConnections(
                services.instances(), new InstanceRows(storage.database()), node.clock()),
            new AuditRows(storage.database()),
            node.clock()),
        new HostOperatorCommands(
            new InstanceRows(storage.database()),
            duties.reconciler(),
            duties.values(),
            services.bulkRecovery(),
            inputs.effects().hostPorts(),
            inputs.hosts(),
            node.clock()),
        new RowOperatorCommands(
                new RowRebuild(SettingsBinder.bind(config, RowSettings.class)),
                duties.rowsOfOrganizations(),
                duties.rowsOfInstances())
            ::rebuild,
        new SecretOperatorCommands(storage.masterKey(), storage.secrets()),
        new HomeBackups(
                new SignedBackups(
                    StorageSettings.from(config),
                    new BackupTag(SecretSettings.from(config), List.of())),
                settings.home(),
                node.clock())
            ::backUp,
        new ClusterNodes(inputs.nodes().own(), inputs.nodes()::all, duties.reconciler()::where));
  }

  private GrpcServer grpc(EnvoyToken envoy) {
    var services = inputs.services();
    var rate = RateSettings.of(config);
    var keyCheck =
        new KeyCheck(
            key -> services.keys().authenticate(key).map(Caller::of),
            services.audit()::authenticationFailed,
            SettingsBinder.bind(config, UnknownSettings.class),
            rate.rejectionDelay());
    return GrpcServer.onNetwork(
        settings,
        credentials(),
        new GrpcServer.Services(
            services.api(),
            List.of(envoyAuthorization(envoy, keyCheck, rate), openRequests(envoy))),
        new GrpcServer.Gate(
            keyCheck,
            new ClientAddress(envoy),
            new RateLimit(rate, rate.rejectionDelay()),
            services.streams(),
            services.audit(),
            new Idempotency(services.claims())),
        metrics);
  }

  private ServerServiceDefinition envoyAuthorization(
      EnvoyToken envoy, KeyCheck keyCheck, RateSettings rate) {
    var gateway = settings.gateway();
    return new EnvoyOnly(envoy)
        .guard(
            new EnvoyAuthorizationService(
                keyCheck,
                new BodyLimit(
                    SettingsBinder.bind(config, BodyLimit.Settings.class), rate.rejectionDelay()),
                new GatewayAuthorization(
                    inputs.services().directory(),
                    new SandboxListeners(
                        inputs.sandboxes(), gateway.listenerCacheMaxAge(), node.blocking()),
                    gateway.baseDomain(),
                    inputs.services().controlUi(),
                    new UnknownLimit<>(
                        "hosts",
                        SettingsBinder.bind(config, UnknownSettings.class),
                        rate.rejectionDelay()))));
  }

  private ServerServiceDefinition openRequests(EnvoyToken envoy) {
    return new EnvoyOnly(envoy)
        .guard(
            new OpenRequests(
                settings.gateway().maxOpenRequests(), inputs.services().instances().drain()));
  }

  private TokenFile token(String name, String prefix) throws IOException {
    return TokenFile.in(settings.home().resolve(name), prefix, new SecureRandom());
  }
}
