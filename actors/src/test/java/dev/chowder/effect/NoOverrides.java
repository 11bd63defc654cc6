package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.InstanceId;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import java.util.Collection;
import java.util.Map;

/** Instances without overrides. */
final class NoOverrides implements Overrides {
  @Override
  public void check(ObjectNode overrides) {}

  @Override
  public void store(InstanceId id, ObjectNode overrides) {}

  @Override
  public void patch(InstanceId id, ObjectNode patch) {}

  @Override
  public Map<InstanceId, ObjectNode> shown(Collection<InstanceId> ids) {
    return Map.of();
  }

  @Override
  public void homeIsNew(InstanceId id) {}

  @Override
  public boolean isPending(InstanceId id) {
    return false;
  }

  @Override
  public int apply(InstanceId id, ObjectNode config) {
    return 0;
  }

  @Override
  public void applied(InstanceId id, int version) {}

  @Override
  public String hotApply(InstanceId id, SandboxEndpoint gateway) {
    return "";
  }
}
