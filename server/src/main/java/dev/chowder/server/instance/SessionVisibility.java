package dev.chowder.server.instance;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.gateway.Overrides;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.OverridesChange;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceView;
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * Limits the session tools of an agent to the current conversation, for keys that are restricted to
 * some sessions. The limit is an ordinary override, which the organization sees and may change. A
 * value that it has set stays. This is no security boundary, because the agent's shell reads all
 * files of its sandbox. Blocks.
 */
public record SessionVisibility(
    InstanceClient client, ConfigChanges changes, OverrideChecks checks, InstantSource clock) {
  private static final String POINTER = "/tools/sessions";
  private static final String SETTING = "visibility";

  /**
   * Sets the override of the caller's instance, unless the visibility is set already. The gateway
   * applies it afterwards.
   *
   * @throws ApiError if the instance does not exist, or its image does not have the setting
   */
  public void limit(Caller caller, InstanceId id) {
    if (isSet(client.get(caller, id))) return;
    var now = clock.instant();
    var schema = checks.overrides().schema();
    var _ =
        changes.apply(
            caller,
            id,
            (base, version) -> {
              var holding = base.profile().config().overrides();
              write(caller, base, version, schema);
              return replyTo ->
                  new InstanceCommand.Update(
                      caller.keyId(),
                      Optional.empty(),
                      Map.of(),
                      Optional.empty(),
                      Optional.of(new OverridesChange(holding, version)),
                      now,
                      replyTo);
            });
  }

  private void write(
      Caller caller, InstanceView base, String version, Optional<ConfigSchema> schema) {
    // Another change may have set it in the meantime.
    var patch = isSet(base) ? JsonNodeFactory.instance.objectNode() : patch();
    var holding = base.profile().config().overrides();
    try {
      checks.run(
          caller.organizationId(),
          overrides -> overrides.patch(base.id(), holding, version, patch, schema));
    } catch (Overrides.Refused why) {
      throw ApiError.invalid("session_prefix", why.path() + ": " + why.why());
    }
  }

  private boolean isSet(InstanceView view) {
    var shown = checks.overrides().shown(Map.of(view.id(), view.profile().config().overrides()));
    return Optional.ofNullable(shown.get(view.id()))
        .map(set -> set.at(POINTER).has(SETTING))
        .orElse(false);
  }

  private static ObjectNode patch() {
    var patch = JsonNodeFactory.instance.objectNode();
    patch.putObject("tools").putObject("sessions").put(SETTING, "self");
    return patch;
  }
}
