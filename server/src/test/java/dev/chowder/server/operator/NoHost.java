package dev.chowder.server.operator;

import dev.chowder.hostport.HostPortAccess.HostPort;
import dev.chowder.rebinding.SandboxHosts;
import dev.chowder.reconcile.Reconciler;
import dev.chowder.reconcile.Reconciler.UnknownSandbox;
import java.util.List;
import java.util.Optional;

/** A host with no findings. */
public class NoHost extends HostOperatorCommands {
  /** Creates a host without parts, which no method here uses. */
  @SuppressWarnings("NullAway")
  public NoHost() {
    super(null, null, null, null, null, null, null);
  }

  @Override
  public List<PendingWork> pending(int limit) {
    return List.of();
  }

  @Override
  public List<ListedInstance> instances(
      Optional<String> organizationId,
      Optional<String> status,
      int limit,
      Optional<String> before) {
    return List.of();
  }

  @Override
  public List<UnknownSandbox> unknown() {
    return List.of();
  }

  @Override
  public Optional<Reconciler.Halt> halt() {
    return Optional.empty();
  }

  @Override
  public boolean release() {
    return false;
  }

  @Override
  public BulkRecovery.Recovery recover(
      Optional<String> errorReason, Optional<String> organizationId) {
    return new BulkRecovery.Recovery(0, List.of(), 0);
  }

  @Override
  public void remove(String sandboxId) {}

  @Override
  public List<HostPort> hostPorts() {
    return List.of();
  }

  @Override
  public void decideHostPort(int port, boolean listed) {}

  @Override
  public List<SandboxHosts.Host> hosts() {
    return List.of();
  }

  @Override
  public void rebindHost(String host) {}

  @Override
  public void unbindHost(String host) {}
}
