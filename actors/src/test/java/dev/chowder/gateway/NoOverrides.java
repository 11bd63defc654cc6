package dev.chowder.gateway;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.sandbox.SandboxEndpoint;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Returns no overrides for any instance. */
public final class NoOverrides implements Overrides {
  @Override
  public void check(ObjectNode overrides, Optional<ConfigSchema> schema) {}

  @Override
  public void store(InstanceId id, String version, ObjectNode overrides) {}

  @Override
  public Optional<ConfigSchema> schema() {
    return Optional.empty();
  }

  @Override
  public void patch(
      InstanceId id,
      OverridesVersion base,
      String version,
      ObjectNode patch,
      Optional<ConfigSchema> schema) {}

  @Override
  public Map<InstanceId, Long> sizes(Map<InstanceId, OverridesVersion> holding) {
    return Map.of();
  }

  @Override
  public Map<InstanceId, ObjectNode> shown(Map<InstanceId, OverridesVersion> holding) {
    return Map.of();
  }

  @Override
  public List<ObjectNode> pending(InstanceId id, WantedConfig wanted) {
    return List.of();
  }

  @Override
  public void apply(InstanceId id, List<ObjectNode> pending, ObjectNode config) {}

  @Override
  public Outcome hotApply(InstanceId id, WantedConfig wanted, SandboxEndpoint gateway) {
    return new Outcome(Taken.APPLIED, "");
  }
}
