package dev.chowder.server.operator;

import dev.chowder.server.auth.ClientAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps records in memory. */
public final class RecordedAudit implements OperatorAudit {
  private final List<String> rejected = new CopyOnWriteArrayList<>();
  private final List<String> calls = new CopyOnWriteArrayList<>();

  /** Returns the address of each request without the token. */
  public List<String> rejected() {
    return rejected;
  }

  /** Returns address, action, organization and instance of each call. */
  public List<String> calls() {
    return calls;
  }

  @Override
  public void rejected(String client) {
    rejected.add(ClientAddress.shown(client));
  }

  @Override
  public void called(String client, String action, String organizationId, String instanceId) {
    calls.add(ClientAddress.shown(client) + " " + action + " " + organizationId + " " + instanceId);
  }
}
