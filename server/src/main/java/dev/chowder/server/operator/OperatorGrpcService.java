package dev.chowder.server.operator;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.server.stream.Unary.answer;

import dev.chowder.api.operator.v1.CloseHostPortRequest;
import dev.chowder.api.operator.v1.CreateBackupRequest;
import dev.chowder.api.operator.v1.CreateBackupResponse;
import dev.chowder.api.operator.v1.CreateOrganizationKeyRequest;
import dev.chowder.api.operator.v1.CreateOrganizationKeyResponse;
import dev.chowder.api.operator.v1.CreateOrganizationRequest;
import dev.chowder.api.operator.v1.CreateOrganizationResponse;
import dev.chowder.api.operator.v1.DeleteOrganizationRequest;
import dev.chowder.api.operator.v1.GetReconcilerRequest;
import dev.chowder.api.operator.v1.ListAuditEntriesRequest;
import dev.chowder.api.operator.v1.ListAuditEntriesResponse;
import dev.chowder.api.operator.v1.ListHostPortsRequest;
import dev.chowder.api.operator.v1.ListHostPortsResponse;
import dev.chowder.api.operator.v1.ListHostsRequest;
import dev.chowder.api.operator.v1.ListHostsResponse;
import dev.chowder.api.operator.v1.ListInstancesRequest;
import dev.chowder.api.operator.v1.ListInstancesResponse;
import dev.chowder.api.operator.v1.ListNodesRequest;
import dev.chowder.api.operator.v1.ListNodesResponse;
import dev.chowder.api.operator.v1.ListOrganizationsRequest;
import dev.chowder.api.operator.v1.ListOrganizationsResponse;
import dev.chowder.api.operator.v1.ListPendingEffectsRequest;
import dev.chowder.api.operator.v1.ListPendingEffectsResponse;
import dev.chowder.api.operator.v1.OpenHostPortRequest;
import dev.chowder.api.operator.v1.OperatorServiceGrpc;
import dev.chowder.api.operator.v1.Organization;
import dev.chowder.api.operator.v1.RebindHostRequest;
import dev.chowder.api.operator.v1.RebuildRowsRequest;
import dev.chowder.api.operator.v1.RebuildRowsResponse;
import dev.chowder.api.operator.v1.RecoverInstancesRequest;
import dev.chowder.api.operator.v1.RecoverInstancesResponse;
import dev.chowder.api.operator.v1.ReleaseReconcilerRequest;
import dev.chowder.api.operator.v1.ReleaseReconcilerResponse;
import dev.chowder.api.operator.v1.ReloadMasterKeyRequest;
import dev.chowder.api.operator.v1.ReloadMasterKeyResponse;
import dev.chowder.api.operator.v1.RemoveSandboxRequest;
import dev.chowder.api.operator.v1.RemoveSandboxResponse;
import dev.chowder.api.operator.v1.ResumeOrganizationRequest;
import dev.chowder.api.operator.v1.RevokeKeysRequest;
import dev.chowder.api.operator.v1.RevokeKeysResponse;
import dev.chowder.api.operator.v1.RewriteSecretsRequest;
import dev.chowder.api.operator.v1.RewriteSecretsResponse;
import dev.chowder.api.operator.v1.SetTierRequest;
import dev.chowder.api.operator.v1.StopInstanceRequest;
import dev.chowder.api.operator.v1.StopInstanceResponse;
import dev.chowder.api.operator.v1.SuspendOrganizationRequest;
import dev.chowder.api.operator.v1.UnbindHostRequest;
import dev.chowder.api.v1.Reason;
import dev.chowder.base.Ids;
import dev.chowder.organization.OrganizationRejection;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.rules.Defaults;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * The operator API: hands requests, whose fields are within their rules, to the commands. Does not
 * know callers.
 */
public final class OperatorGrpcService extends OperatorServiceGrpc.OperatorServiceImplBase {
  private static final int DEFAULT_PAGE =
      Defaults.of(ListAuditEntriesRequest.getDescriptor(), "page_size");

  private static final int INSTANCES_PAGE =
      Defaults.of(ListInstancesRequest.getDescriptor(), "page_size");

  private final OrganizationOperatorCommands organizations;
  private final IncidentResponse incidents;
  private final HostOperatorCommands host;
  private final Supplier<RowOperatorCommands.Rebuilt> rows;
  private final SecretOperatorCommands masterKey;
  private final Supplier<String> backup;
  private final ClusterNodes nodes;
  private final Semaphore backupPermit = new Semaphore(1);
  private final Semaphore rebuildPermit = new Semaphore(1);
  private final Semaphore recoverPermit = new Semaphore(1);

  /**
   * Creates the service.
   *
   * @param rows rebuilds the rows of the read model; see {@link RowOperatorCommands#rebuild}
   * @param backup writes a backup and returns its file; see {@link HomeBackups#backUp}
   */
  public OperatorGrpcService(
      OrganizationOperatorCommands organizations,
      IncidentResponse incidents,
      HostOperatorCommands host,
      Supplier<RowOperatorCommands.Rebuilt> rows,
      SecretOperatorCommands masterKey,
      Supplier<String> backup,
      ClusterNodes nodes) {
    this.organizations = organizations;
    this.incidents = incidents;
    this.host = host;
    this.rows = rows;
    this.masterKey = masterKey;
    this.backup = backup;
    this.nodes = nodes;
  }

  @Override
  public void createOrganization(
      CreateOrganizationRequest request, StreamObserver<CreateOrganizationResponse> out) {
    var created = organizations.create(request.getName());
    answer(
        out,
        CreateOrganizationResponse.newBuilder()
            .setOrganization(OperatorPresenter.organization(created.organization()))
            .setApiKey(created.key().reveal())
            .build());
  }

  @Override
  public void listOrganizations(
      ListOrganizationsRequest request, StreamObserver<ListOrganizationsResponse> out) {
    var all = ListOrganizationsResponse.newBuilder();
    organizations.organizations().stream()
        .map(OperatorPresenter::organization)
        .forEach(all::addOrganizations);
    answer(out, all.build());
  }

  @Override
  public void deleteOrganization(
      DeleteOrganizationRequest request, StreamObserver<Organization> out) {
    var id = organizationId(request.getOrganizationId());
    if (request.getName().isEmpty()) {
      throw ApiError.must("name", "be the name of the organization to delete");
    }
    answer(out, OperatorPresenter.organization(incidents.delete(id, request.getName())));
  }

  @Override
  public void suspendOrganization(
      SuspendOrganizationRequest request, StreamObserver<Organization> out) {
    var id = organizationId(request.getOrganizationId());
    answer(out, OperatorPresenter.organization(incidents.suspend(id)));
  }

  @Override
  public void resumeOrganization(
      ResumeOrganizationRequest request, StreamObserver<Organization> out) {
    var id = organizationId(request.getOrganizationId());
    answer(out, OperatorPresenter.organization(incidents.resume(id)));
  }

  @Override
  public void setTier(SetTierRequest request, StreamObserver<Organization> out) {
    // First, because the tier of a request with a malformed id is not checked.
    var id = organizationId(request.getOrganizationId());
    answer(out, OperatorPresenter.organization(organizations.setTier(id, request.getTier())));
  }

  @Override
  public void createOrganizationKey(
      CreateOrganizationKeyRequest request, StreamObserver<CreateOrganizationKeyResponse> out) {
    var key = organizations.newKey(organizationId(request.getOrganizationId()));
    answer(out, CreateOrganizationKeyResponse.newBuilder().setApiKey(key.reveal()).build());
  }

  @Override
  public void revokeKeys(RevokeKeysRequest request, StreamObserver<RevokeKeysResponse> out) {
    int revoked = incidents.revokeKeys(organizationId(request.getOrganizationId()));
    answer(out, RevokeKeysResponse.newBuilder().setRevoked(revoked).build());
  }

  @Override
  public void listInstances(
      ListInstancesRequest request, StreamObserver<ListInstancesResponse> out) {
    int size = request.hasPageSize() ? request.getPageSize() : INSTANCES_PAGE;
    var page =
        host.instances(
            present(request.getOrganizationId()),
            present(request.getStatus()),
            size + 1,
            present(request.getPageToken()));
    answer(out, OperatorPresenter.instances(page, size));
  }

  @Override
  public void stopInstance(StopInstanceRequest request, StreamObserver<StopInstanceResponse> out) {
    if (!Ids.isId(request.getInstanceId())) throw ApiError.instanceNotFound();
    var status = incidents.stop(request.getInstanceId());
    answer(out, StopInstanceResponse.newBuilder().setStatus(status).build());
  }

  @Override
  public void recoverInstances(
      RecoverInstancesRequest request, StreamObserver<RecoverInstancesResponse> out) {
    var recovery =
        alone(
            "recover instances",
            recoverPermit,
            () ->
                host.recover(
                    present(request.getErrorReason()), present(request.getOrganizationId())));
    answer(out, OperatorPresenter.recovery(recovery));
  }

  @Override
  public void listPendingEffects(
      ListPendingEffectsRequest request, StreamObserver<ListPendingEffectsResponse> out) {
    answer(out, OperatorPresenter.pendingEffects(host.pending(OperatorPresenter.MAX_LISTED)));
  }

  @Override
  public void getReconciler(
      GetReconcilerRequest request, StreamObserver<dev.chowder.api.operator.v1.Reconciler> out) {
    answer(out, OperatorPresenter.reconciler(host.halt(), host.unknown()));
  }

  @Override
  public void releaseReconciler(
      ReleaseReconcilerRequest request, StreamObserver<ReleaseReconcilerResponse> out) {
    if (!host.release()) {
      throw ApiError.of(
          Reason.WRONG_STATE, cannot("release the reconciler", "the reconciler is not halted"));
    }
    answer(out, ReleaseReconcilerResponse.getDefaultInstance());
  }

  @Override
  public void removeSandbox(
      RemoveSandboxRequest request, StreamObserver<RemoveSandboxResponse> out) {
    if (!SandboxId.isId(request.getSandboxId())) {
      throw ApiError.must("sandbox_id", "be sb- and a UUID", request.getSandboxId());
    }
    host.remove(request.getSandboxId());
    answer(out, RemoveSandboxResponse.getDefaultInstance());
  }

  @Override
  public void listHostPorts(
      ListHostPortsRequest request, StreamObserver<ListHostPortsResponse> out) {
    answer(out, OperatorPresenter.hostPorts(host.hostPorts()));
  }

  @Override
  public void openHostPort(OpenHostPortRequest request, StreamObserver<ListHostPortsResponse> out) {
    decide(request.getPort(), true, out);
  }

  @Override
  public void closeHostPort(
      CloseHostPortRequest request, StreamObserver<ListHostPortsResponse> out) {
    decide(request.getPort(), false, out);
  }

  private void decide(int port, boolean listed, StreamObserver<ListHostPortsResponse> out) {
    host.decideHostPort(port, listed);
    answer(out, OperatorPresenter.hostPorts(host.hostPorts()));
  }

  @Override
  public void listHosts(ListHostsRequest request, StreamObserver<ListHostsResponse> out) {
    answer(out, OperatorPresenter.hosts(host.hosts()));
  }

  @Override
  public void rebindHost(RebindHostRequest request, StreamObserver<ListHostsResponse> out) {
    host.rebindHost(request.getHost());
    answer(out, OperatorPresenter.hosts(host.hosts()));
  }

  @Override
  public void unbindHost(UnbindHostRequest request, StreamObserver<ListHostsResponse> out) {
    host.unbindHost(request.getHost());
    answer(out, OperatorPresenter.hosts(host.hosts()));
  }

  @Override
  public void listAuditEntries(
      ListAuditEntriesRequest request, StreamObserver<ListAuditEntriesResponse> out) {
    int size = request.hasPageSize() ? request.getPageSize() : DEFAULT_PAGE;
    var page =
        incidents.audit(
            present(request.getOrganizationId()), size + 1, present(request.getPageToken()));
    answer(out, OperatorPresenter.auditEntries(page, size));
  }

  @Override
  public void rebuildRows(RebuildRowsRequest request, StreamObserver<RebuildRowsResponse> out) {
    var done = alone("rebuild the rows", rebuildPermit, rows);
    answer(
        out,
        RebuildRowsResponse.newBuilder()
            .setOrganizations(done.organizations())
            .setInstances(done.instances())
            .setRemoved(done.removed())
            .setUnanswered(done.unanswered())
            .build());
  }

  @Override
  public void rewriteSecrets(
      RewriteSecretsRequest request, StreamObserver<RewriteSecretsResponse> out) {
    answer(out, RewriteSecretsResponse.newBuilder().setRewritten(masterKey.rewrite()).build());
  }

  @Override
  public void listNodes(ListNodesRequest request, StreamObserver<ListNodesResponse> out) {
    answer(
        out,
        ListNodesResponse.newBuilder()
            .addAllNodes(nodes.all().get())
            .setAnsweredBy(nodes.own())
            .setReconciledBy(nodes.reconciling().get())
            .build());
  }

  @Override
  public void reloadMasterKey(
      ReloadMasterKeyRequest request, StreamObserver<ReloadMasterKeyResponse> out) {
    requireOwn(request.getNode());
    answer(out, ReloadMasterKeyResponse.newBuilder().setKeys(masterKey.reload()).build());
  }

  @Override
  public void createBackup(CreateBackupRequest request, StreamObserver<CreateBackupResponse> out) {
    requireOwn(request.getNode());
    var file = alone("start a backup", backupPermit, backup);
    answer(out, CreateBackupResponse.newBuilder().setFile(file).build());
  }

  private void requireOwn(String node) {
    if (node.isEmpty() || node.equals(nodes.own())) return;
    var all = nodes.all().get();
    if (!all.contains(node)) {
      throw ApiError.must("node", "be one of " + String.join(", ", all), node);
    }
    throw ApiError.otherNode(
        cannot(
            "perform the call on " + node,
            "this is " + nodes.own(),
            "use the operator port of that node"),
        node);
  }

  private static <T> T alone(String verb, Semaphore permit, Supplier<T> command) {
    if (!permit.tryAcquire()) {
      throw ApiError.of(
          Reason.RATE_LIMITED,
          cannot(verb, "another such request is in progress", "retry when it has finished"));
    }
    try {
      return command.get();
    } finally {
      permit.release();
    }
  }

  private static Optional<String> present(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  private static String organizationId(String text) {
    if (!Ids.isId(text)) throw RejectionErrors.of(new OrganizationRejection.NotFound());
    return text;
  }
}
