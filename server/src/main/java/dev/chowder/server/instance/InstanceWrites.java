package dev.chowder.server.instance;

import static dev.chowder.base.ErrorText.shown;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.UpdateInstanceRequest;
import dev.chowder.creation.InstanceCreation;
import dev.chowder.gateway.Overrides;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceCommand.OverridesChange;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.instance.Labels;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.idempotency.NewId;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Creates instances, and changes what callers set: name, labels and {@code openclaw_config}.
 * Blocks.
 */
public record InstanceWrites(
    InstanceRequests requests,
    InstanceClient client,
    InstanceCreation creation,
    OverrideChecks checks,
    ConfigChanges changes) {
  /**
   * Creates an instance. A repeated call returns the instance that the first one created, whatever
   * the request is now.
   */
  InstanceView create(Caller caller, NewId newId, CreateInstanceRequest request) {
    return creation
        .createdBefore(caller.organizationId(), newId)
        .orElseGet(
            () -> {
              var wanted = requests.creation(request);
              wanted.openclawConfig().ifPresent(json -> check(caller, json));
              return creation.create(caller.requester(), newId, wanted);
            });
  }

  private void check(Caller caller, ObjectNode json) {
    var schema = checks.overrides().schema();
    checked(caller, overrides -> overrides.check(json, schema));
  }

  /** Changes the fields that the request has. */
  InstanceView update(Caller caller, UpdateInstanceRequest request) {
    var change = requests.change(request);
    var id = new InstanceId(change.instanceId());
    var patch = change.openclawConfig();
    chargeTexts(caller, id, change);
    return patch.isPresent()
        ? patch(caller, id, change, patch.get())
        : client.send(caller, id, update(caller, change, Optional.empty()));
  }

  /** Counts name and labels. The event has all labels of the instance, not only changed ones. */
  private void chargeTexts(Caller caller, InstanceId id, InstanceRequests.Change change) {
    if (change.name().isEmpty() && change.labels().isEmpty()) return;
    var before = client.get(caller, id).profile();
    var labels = Labels.merge(before.labels(), change.labels());
    boolean relabelled = !labels.equals(before.labels());
    boolean renamed = change.name().filter(name -> !name.equals(before.name())).isPresent();
    // An event is written only if something changes.
    if (!relabelled && !renamed) return;
    long bytes =
        relabelled
            ? labels.entrySet().stream()
                .mapToLong(label -> bytes(label.getKey()) + bytes(label.getValue()))
                .sum()
            : 0;
    var eventBytes = changes.eventBytes();
    eventBytes.charge(
        caller.organizationId(), bytes + (renamed ? bytes(change.name().orElse("")) : 0));
  }

  private static long bytes(String text) {
    return text.getBytes(UTF_8).length;
  }

  private InstanceView patch(
      Caller caller, InstanceId id, InstanceRequests.Change change, ObjectNode patch) {
    // Before the change, because other changes of the instance wait during it.
    var schema = checks.overrides().schema();
    return changes.apply(
        caller,
        id,
        (base, version) -> {
          var holding = base.profile().config().overrides();
          checked(caller, overrides -> overrides.patch(id, holding, version, patch, schema));
          return update(caller, change, Optional.of(new OverridesChange(holding, version)));
        });
  }

  private Function<ActorRef<InstanceReply>, InstanceCommand> update(
      Caller caller, InstanceRequests.Change change, Optional<OverridesChange> overrides) {
    var now = client.now();
    return replyTo ->
        new InstanceCommand.Update(
            caller.keyId(),
            change.name(),
            change.labels(),
            change.sandboxImage(),
            overrides,
            now,
            replyTo);
  }

  private void checked(Caller caller, Consumer<Overrides> change) {
    try {
      checks.run(caller.organizationId(), change);
    } catch (Overrides.Refused why) {
      var field = why.path().isEmpty() ? "openclaw_config" : "openclaw_config." + shown(why.path());
      throw ApiError.invalid(field, why.why());
    }
  }
}
