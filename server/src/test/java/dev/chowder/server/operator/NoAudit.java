package dev.chowder.server.operator;

import java.net.InetAddress;

/** Records nothing. */
public final class NoAudit implements OperatorAudit {
  @Override
  public void rejected(InetAddress address) {}

  @Override
  public void called(
      InetAddress address, String action, String organizationId, String instanceId) {}
}
