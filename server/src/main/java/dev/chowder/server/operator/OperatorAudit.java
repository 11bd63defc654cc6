package dev.chowder.server.operator;

import java.net.InetAddress;

/** Records who uses the operators' port. Does not decide who may. */
public interface OperatorAudit {
  /** The action of all paths that no operator's call has. */
  String UNKNOWN = "operator/unknown";

  /** Records a request without the token; must not block. */
  void rejected(InetAddress address);

  /**
   * Records a call with the token that may change something, before it is performed. May block for
   * a short time; must not throw, because an operator must be able to act while the audit table
   * cannot be written.
   *
   * @param address of the connection
   * @param action the path without ids, such as {@code operator/organizations/suspend} or {@code
   *     operator/host-ports/8000/open}, or {@link #UNKNOWN}
   * @param organizationId that the path names; empty if none
   * @param instanceId that the path names, or whose sandbox it names; empty if none
   */
  void called(InetAddress address, String action, String organizationId, String instanceId);
}
