package dev.chowder.operate;

import com.typesafe.config.ConfigFactory;
import dev.chowder.hostport.HostPortAccess;
import dev.chowder.hostport.HostPortAccess.HostPort;
import dev.chowder.organization.OrganizationView;
import dev.chowder.organization.Standing;
import dev.chowder.organization.Tier;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.Reconciler.UnknownSandbox;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.ServerSettings;
import dev.chowder.server.auth.ClientAddress;
import dev.chowder.server.auth.EnvoyToken;
import dev.chowder.server.auth.TokenFile;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.operator.BulkRecovery;
import dev.chowder.server.operator.ClusterNodes;
import dev.chowder.server.operator.NoHost;
import dev.chowder.server.operator.NoIncidents;
import dev.chowder.server.operator.NoMasterKey;
import dev.chowder.server.operator.OneOrganization;
import dev.chowder.server.operator.OperatorGrpcService;
import dev.chowder.server.operator.OperatorServer;
import dev.chowder.server.operator.RecordedAudit;
import dev.chowder.server.operator.RowOperatorCommands;
import dev.chowder.server.operator.SecretOperatorCommands;
import dev.chowder.storage.AuditRow;
import dev.chowder.storage.HostRebindingRows.Rebinding;
import io.grpc.InsecureServerCredentials;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** The real operator port of a node that has one organization, {@link #ID}. */
public final class SimulatedNode implements AutoCloseable {
  /** The id of the organization and of its instance. */
  public static final String ID = OneOrganization.ID;

  public static final String UNKNOWN_ID = "01900000-0000-7000-8000-00000000000b";
  private static final Instant SINCE = Instant.parse("2026-01-01T00:00:00Z");

  private final OperatorServer server;
  private final RecordedAudit audit;

  private SimulatedNode(OperatorServer server, RecordedAudit audit) {
    this.server = server;
    this.audit = audit;
  }

  /**
   * The parts that tests replace.
   *
   * @param name its name in the cluster
   * @param all the names of all nodes, of which the last one reconciles
   * @param unanswered how many entities do not reply to a rebuild of the rows
   */
  public record Parts(
      String name,
      List<String> all,
      SecretOperatorCommands masterKey,
      Supplier<String> backup,
      int unanswered) {
    /** Returns those of a single node. */
    public static Parts usual() {
      return new Parts("here:1", List.of("here:1"), new NoMasterKey(), () -> "backup.gz", 0);
    }

    public Parts withNodes(String own, String... nodes) {
      return new Parts(own, List.of(nodes), masterKey, backup, unanswered);
    }

    public Parts withMasterKey(SecretOperatorCommands other) {
      return new Parts(name, all, other, backup, unanswered);
    }

    public Parts withBackup(Supplier<String> other) {
      return new Parts(name, all, masterKey, other, unanswered);
    }

    public Parts withUnanswered(int number) {
      return new Parts(name, all, masterKey, backup, number);
    }
  }

  /**
   * Starts a node.
   *
   * @param home has its token
   * @param port 0 for any free one
   */
  public static SimulatedNode start(Path home, int port, Parts parts) throws IOException {
    var settings =
        ServerSettings.of(
            ConfigFactory.parseMap(Map.of("chowder.operator.port", port))
                .withFallback(ConfigFactory.load()));
    var random = new SecureRandom();
    var token = TokenFile.in(home.resolve("operator.token"), "chd_op_", random);
    var envoy = TokenFile.in(home.resolve("envoy.token"), "chd_envoy_", random);
    var audit = new RecordedAudit();
    var server =
        OperatorServer.start(
            settings,
            InsecureServerCredentials.create(),
            new OperatorServer.Gate(token, new ClientAddress(new EnvoyToken(envoy)), audit),
            new OperatorGrpcService(
                new OneOrganization(),
                new Incidents(),
                parts.all().getLast().equals(parts.name()) ? new Host() : new OtherHost(parts),
                () -> new RowOperatorCommands.Rebuilt(1, 2, 3, parts.unanswered()),
                parts.masterKey(),
                parts.backup(),
                new ClusterNodes(parts.name(), parts::all, () -> parts.all().getLast())));
    return new SimulatedNode(server, audit);
  }

  public int port() {
    return server.port();
  }

  /** Returns the calls that may change something: the address, the RPC, and the ids in it. */
  public List<String> calls() {
    return audit.calls().stream().map(call -> call.replaceFirst("^\\S+ operator/", "")).toList();
  }

  @Override
  public void close() {
    server.close();
  }

  private static final class Incidents extends NoIncidents {
    private static final int ENTRIES = 3;

    @Override
    public OrganizationView suspend(String id) {
      OneOrganization.check(id);
      return OneOrganization.view(Tier.CRAB, Standing.SUSPENDED);
    }

    @Override
    public OrganizationView resume(String id) {
      OneOrganization.check(id);
      return OneOrganization.view(Tier.CRAB, Standing.ACTIVE);
    }

    @Override
    public OrganizationView delete(String id, String name) {
      OneOrganization.check(name.equals("me") ? id : UNKNOWN_ID);
      return OneOrganization.view(Tier.CRAB, Standing.DELETING);
    }

    @Override
    public int revokeKeys(String id) {
      OneOrganization.check(id);
      return 4;
    }

    @Override
    public String stop(String instanceId) {
      if (!instanceId.equals(ID)) throw ApiError.instanceNotFound();
      return "stopped";
    }

    @Override
    public List<AuditRow> audit(
        Optional<String> organizationId, int limit, Optional<String> before) {
      int after = before.map(Integer::parseInt).orElse(0);
      return IntStream.rangeClosed(after + 1, Math.min(ENTRIES, after + limit))
          .mapToObj(
              number ->
                  new AuditRow(
                      Integer.toString(number),
                      SINCE,
                      "GetSession",
                      organizationId.orElse(ID),
                      "key",
                      "",
                      "10.0.0." + number,
                      number))
          .toList();
    }
  }

  /** The host of the node that reconciles. */
  private static class Host extends NoHost {
    @Override
    public List<PendingWork> pending(int limit) {
      return List.of(new PendingWork(ID, ID, "terminated", "remove_sandbox", SINCE));
    }

    /** Has 1,500 failed instances and nothing else. */
    @Override
    public List<ListedInstance> instances(
        Optional<String> organizationId,
        Optional<String> status,
        int limit,
        Optional<String> before) {
      if (!status.equals(Optional.of("error"))) return List.of();
      int first = before.map(Integer::parseInt).orElse(1500) - 1;
      return IntStream.range(0, Math.min(limit, first + 1))
          .mapToObj(
              n ->
                  new ListedInstance(
                      Integer.toString(first - n),
                      organizationId.orElse(ID),
                      "agent",
                      "error",
                      SINCE,
                      Optional.of("OUT_OF_MEMORY"),
                      Optional.of("gateway: it was killed")))
          .toList();
    }

    @Override
    public Optional<Reconciler.Halt> halt() {
      return Optional.of(new Reconciler.Halt(SINCE, 1, List.of("sb-" + ID, "values of " + ID)));
    }

    @Override
    public List<UnknownSandbox> unknown() {
      return List.of(
          new UnknownSandbox(SandboxId.ofInstance(ID), "no_journal", Optional.of(2), SINCE, true));
    }

    @Override
    public boolean release() {
      return true;
    }

    @Override
    public BulkRecovery.Recovery recover(
        Optional<String> errorReason, Optional<String> organizationId) {
      if (errorReason.isEmpty()) return new BulkRecovery.Recovery(3, List.of(), 0);
      return new BulkRecovery.Recovery(
          3,
          List.of(
              new BulkRecovery.Unrecovered(ID, errorReason.get(), organizationId.orElse("all"))),
          2);
    }

    @Override
    public List<HostPort> hostPorts() {
      return List.of(new HostPort(11434, HostPortAccess.State.LISTED, true, Set.of(ID)));
    }

    @Override
    public List<SandboxHosts.Host> hosts() {
      return List.of(
          new SandboxHosts.Host(
              "docker", "old", false, 2, Optional.of(new Rebinding("docker", "old", "new", SINCE))),
          new SandboxHosts.Host("docker", "new", true, 5, Optional.empty()));
    }
  }

  /** The host of a node that does not reconcile. */
  private static final class OtherHost extends Host {
    private final Parts parts;

    OtherHost(Parts parts) {
      this.parts = parts;
    }

    private ApiError elsewhere() {
      return ApiError.otherNode(
          "node " + parts.all().getLast() + " reconciles", parts.all().getLast());
    }

    @Override
    public Optional<Reconciler.Halt> halt() {
      throw elsewhere();
    }

    @Override
    public List<UnknownSandbox> unknown() {
      throw elsewhere();
    }

    @Override
    public boolean release() {
      throw elsewhere();
    }

    @Override
    public void remove(String sandboxId) {
      throw elsewhere();
    }
  }
}
