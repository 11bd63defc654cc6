package dev.chowder.server.operator;

/** Records calls of operators. Does not authorize them. */
public interface OperatorAudit {
  /** Start of the action of every operator's call; the name of the RPC follows. */
  String PREFIX = "operator/";

  /** The action of every RPC that does not exist. */
  String UNKNOWN = PREFIX + "unknown";

  /**
   * Records a request without the token; must not block.
   *
   * @param client as {@code ClientAddress} names it
   */
  void rejected(String client);

  /**
   * Records an authenticated call that may change something, before it is performed. May block for
   * a short time. Must not throw, because operators must be able to act while the audit table
   * cannot be written.
   *
   * @param client as {@code ClientAddress} names it
   * @param action {@link #PREFIX} and the name of the RPC, such as {@code
   *     operator/SuspendOrganization} or {@code operator/OpenHostPort/8000}, or {@link #UNKNOWN}
   * @param organizationId organization in the request; empty if none
   * @param instanceId instance in the request, or the instance of the sandbox in the request; empty
   *     if none
   */
  void called(String client, String action, String organizationId, String instanceId);
}
