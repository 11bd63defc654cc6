package dev.chowder.server.operator;

import java.util.List;
import java.util.Optional;

/** A host with no findings. */
public class NoHost implements HostCommands {
  @Override
  public List<PendingWork> pending(int limit) {
    return List.of();
  }

  @Override
  public List<Unknown> unknown() {
    return List.of();
  }

  @Override
  public Optional<Halt> halt() {
    return Optional.empty();
  }

  @Override
  public boolean release() {
    return false;
  }

  @Override
  public Recovery recover(Optional<String> errorReason, Optional<String> organizationId) {
    return new Recovery(0, List.of(), 0);
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
  public List<SandboxHost> hosts() {
    return List.of();
  }

  @Override
  public void rebindHost(String host) {}

  @Override
  public void unbindHost(String host) {}
}
