package dev.chowder.server.operator;

import java.net.InetAddress;

/** Records requests on the operator port. Does not authorize them. */
public interface OperatorAudit {
  /** The action of every unknown path. */
  String UNKNOWN = "operator/unknown";

  /** Records a request without the token; must not block. */
  void rejected(InetAddress address);

  /**
   * Records an authenticated call that may change something, before it is performed. May block for
   * a short time. Must not throw, because operators must be able to act while the audit table
   * cannot be written.
   *
   * @param address remote address of the connection
   * @param action the path without ids, such as {@code operator/organizations/suspend} or {@code
   *     operator/host-ports/8000/open}, or {@link #UNKNOWN}
   * @param organizationId organization in the path; empty if none
   * @param instanceId instance in the path, or the instance of the sandbox in the path; empty if
   *     none
   */
  void called(InetAddress address, String action, String organizationId, String instanceId);
}
