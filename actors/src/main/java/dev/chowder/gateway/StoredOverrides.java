package dev.chowder.gateway;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.ConfigValues.OverridesVersion;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.config.ConfigSchema;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.config.OverrideLedger;
import dev.chowder.openclaw.config.OverrideLimits;
import dev.chowder.openclaw.config.OverrideVerdict;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * Stores ledgers of overrides in the encrypted table, each under its version, and applies pending
 * patches to the configuration file or the running gateway. A ledger is written once and never
 * changed, so it needs no lock.
 */
public final class StoredOverrides implements Overrides {
  private static final String FIELD = "openclaw_config";

  private final SecretStore secrets;
  private final OpenClawAdmin admin;
  private final OverrideLimits limits;
  private final Supplier<Optional<ConfigSchema>> schema;
  private final UnaryOperator<String> publicUrl;
  private final LaterConfig later;

  /**
   * Creates the store.
   *
   * @param schema returns the schema of the sandboxes' image; empty if it could not be read
   * @param publicUrl maps an instance's id to its gateway's public URL
   */
  public StoredOverrides(
      SecretStore secrets,
      OpenClawAdmin admin,
      OverrideLimits limits,
      Supplier<Optional<ConfigSchema>> schema,
      UnaryOperator<String> publicUrl,
      LaterConfig later) {
    this.secrets = secrets;
    this.admin = admin;
    this.limits = limits;
    this.schema = schema;
    this.publicUrl = publicUrl;
    this.later = later;
  }

  @Override
  public void check(ObjectNode overrides, Optional<ConfigSchema> schema) {
    var _ = accepted(OverrideLedger.first(overrides, limits, schema));
  }

  @Override
  public void store(InstanceId id, String version, ObjectNode overrides) {
    put(id, version, accepted(OverrideLedger.first(overrides, limits, Optional.empty())));
  }

  @Override
  public Optional<ConfigSchema> schema() {
    return schema.get();
  }

  @Override
  public void patch(
      InstanceId id,
      OverridesVersion base,
      String version,
      ObjectNode patch,
      Optional<ConfigSchema> schema) {
    // A caller sets a missing value again with a patch. If the base is missing only because many
    // later changes replaced it, the instance rejects the result.
    var before = find(id, base).orElseGet(OverrideLedger::empty);
    put(id, version, accepted(before.patched(patch, limits, schema)));
  }

  private void put(InstanceId id, String version, OverrideLedger ledger) {
    secrets.put(id.value(), SecretNames.overrides(version), ledger.toSecret());
  }

  private static OverrideLedger accepted(OverrideVerdict verdict) {
    return switch (verdict) {
      case OverrideVerdict.Accepted(var ledger) -> ledger;
      case OverrideVerdict.Refused(var why) -> throw new Refused(why.path(), why.problem());
    };
  }

  @Override
  public Map<InstanceId, Long> sizes(Map<InstanceId, OverridesVersion> holding) {
    var names = names(holding);
    var sizes = new HashMap<InstanceId, Long>();
    var stored = secrets.sizes(names.keySet(), Set.copyOf(names.values()));
    stored.forEach((owner, bytes) -> sizes.put(new InstanceId(owner), bytes));
    return sizes;
  }

  /** Returns the name of each stored value by its owner. */
  private static Map<String, String> names(Map<InstanceId, OverridesVersion> holding) {
    var names = new HashMap<String, String>();
    holding.forEach(
        (id, overrides) -> {
          var version = overrides.version();
          if (!version.isEmpty()) names.put(id.value(), SecretNames.overrides(version));
        });
    return names;
  }

  @Override
  public Map<InstanceId, ObjectNode> shown(Map<InstanceId, OverridesVersion> holding) {
    var names = names(holding);
    var kept = secrets.getAll(names.keySet(), Set.copyOf(names.values()));
    var shown = new HashMap<InstanceId, ObjectNode>();
    holding.forEach(
        (id, overrides) -> {
          var values = kept.getOrDefault(id.value(), Map.of());
          var value = values.get(SecretNames.overrides(overrides.version()));
          if (value == null) return;
          var current = ledger(value, overrides.taken()).shown();
          if (!current.isEmpty()) shown.put(id, current);
        });
    return shown;
  }

  @Override
  public List<ObjectNode> pending(InstanceId id, WantedConfig wanted) {
    var ledger = ledger(id, wanted.overrides());
    return wanted.homeRecreated() ? ledger.forNewHome() : ledger.pending();
  }

  @Override
  public void apply(InstanceId id, List<ObjectNode> pending, ObjectNode config) {
    OpenClawConfig.apply(config, pending, publicUrl.apply(id.value()));
  }

  @Override
  public Outcome hotApply(InstanceId id, WantedConfig wanted, SandboxEndpoint gateway)
      throws InterruptedException {
    var pending = pending(id, wanted);
    if (pending.isEmpty()) return new Outcome(Taken.APPLIED, "");
    var token = secrets.get(id.value(), SecretNames.GATEWAY_TOKEN);
    if (token.isEmpty()) throw WorkFailure.notNow(FIELD, "the gateway has no token");
    var url = publicUrl.apply(id.value());
    var patches = pending.stream().map(patch -> OpenClawConfig.keepingOrigin(patch, url)).toList();
    var version = wanted.overrides().version();
    return switch (admin.patchConfig(
        gateway, token.get(), patches, () -> later.requireCurrent(id, version, FIELD))) {
      case Done _ -> new Outcome(Taken.APPLIED, "");
      case AdminAnswer.Refused refused ->
          new Outcome(
              Taken.REFUSED,
              FIELD + ": OpenClaw rejected the change, and it was reverted: " + refused.toText());
      case TokenRefused _ -> throw WorkFailure.notNow(FIELD, "the gateway rejected its token");
      case Busy(var message) -> throw WorkFailure.busy(FIELD, message);
      case NoAnswer(var note) -> throw WorkFailure.busy(FIELD, note);
    };
  }

  private OverrideLedger ledger(InstanceId id, OverridesVersion holding) {
    return find(id, holding)
        .orElseThrow(
            () ->
                new WorkFailure(
                    "CONFIG_MISSING",
                    cannot(
                        "apply " + FIELD,
                        "its stored value is missing",
                        "set it again, then recover the instance")));
  }

  /** Returns the ledger; empty if its value is missing. */
  private Optional<OverrideLedger> find(InstanceId id, OverridesVersion holding) {
    if (holding.version().isEmpty()) return Optional.of(OverrideLedger.empty());
    var value = secrets.get(id.value(), SecretNames.overrides(holding.version()));
    if (value.isPresent()) return Optional.of(ledger(value.get(), holding.taken()));
    // An older version may have recorded a change without a value.
    return holding.version().equals(SecretNames.UNVERSIONED)
        ? Optional.of(OverrideLedger.empty())
        : Optional.empty();
  }

  private static OverrideLedger ledger(Secret value, Taken taken) {
    var ledger = OverrideLedger.of(value);
    return switch (taken) {
      case PENDING -> ledger;
      case APPLIED -> ledger.applied();
      case REFUSED -> ledger.refused();
    };
  }
}
