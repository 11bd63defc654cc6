package dev.chowder.effect;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.AdminAnswer.Busy;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.ConfigSchema;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawConfig;
import dev.chowder.openclaw.OverrideLedger;
import dev.chowder.openclaw.OverrideLimits;
import dev.chowder.openclaw.OverrideVerdict;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * Keeps each instance's ledger of overrides in the encrypted table, and brings its changes to the
 * file or to the running gateway. Changes of one instance wait for each other within this process;
 * knows no other one.
 */
public final class StoredOverrides implements Overrides {
  private static final String WHAT = "openclaw_config";
  private static final int LOCKS = 64;

  private final SecretStore secrets;
  private final OpenClawAdmin admin;
  private final OverrideLimits limits;
  private final Supplier<Optional<ConfigSchema>> schema;
  private final UnaryOperator<String> publicUrl;
  private final ReentrantLock[] locks =
      IntStream.range(0, LOCKS).mapToObj(_ -> new ReentrantLock()).toArray(ReentrantLock[]::new);

  /**
   * Wires the table.
   *
   * @param schema of the image that sandboxes are made from; empty while it is not known
   * @param publicUrl from an instance's id to its gateway's public URL
   */
  public StoredOverrides(
      SecretStore secrets,
      OpenClawAdmin admin,
      OverrideLimits limits,
      Supplier<Optional<ConfigSchema>> schema,
      UnaryOperator<String> publicUrl) {
    this.secrets = secrets;
    this.admin = admin;
    this.limits = limits;
    this.schema = schema;
    this.publicUrl = publicUrl;
  }

  @Override
  public void check(ObjectNode overrides) {
    var _ = accepted(OverrideLedger.first(overrides, limits, schema.get()));
  }

  @Override
  public void store(InstanceId id, ObjectNode overrides) {
    var ledger = accepted(OverrideLedger.first(overrides, limits, schema.get()));
    change(id, _ -> ledger);
  }

  @Override
  public void patch(InstanceId id, ObjectNode patch) {
    var known = schema.get();
    change(id, ledger -> accepted(ledger.patched(patch, limits, known)));
  }

  private static OverrideLedger accepted(OverrideVerdict verdict) {
    return switch (verdict) {
      case OverrideVerdict.Accepted(var ledger) -> ledger;
      case OverrideVerdict.Refused(var why) -> throw new Refused(why.path(), why.problem());
    };
  }

  @Override
  public Map<InstanceId, ObjectNode> shown(Collection<InstanceId> ids) {
    var owners = ids.stream().map(InstanceId::value).toList();
    var shown = new HashMap<InstanceId, ObjectNode>();
    secrets
        .getAll(owners, SecretNames.OVERRIDES)
        .forEach(
            (owner, kept) -> {
              var overrides = OverrideLedger.of(kept).shown();
              if (!overrides.isEmpty()) shown.put(new InstanceId(owner), overrides);
            });
    return shown;
  }

  @Override
  public void homeIsNew(InstanceId id) {
    if (ledger(id).isPresent()) change(id, OverrideLedger::forNewHome);
  }

  @Override
  public boolean isPending(InstanceId id) {
    return ledger(id).filter(ledger -> !ledger.pending().isEmpty()).isPresent();
  }

  @Override
  public int apply(InstanceId id, ObjectNode config) {
    var ledger = ledger(id).orElse(OverrideLedger.empty());
    OpenClawConfig.apply(config, ledger.pending(), publicUrl.apply(id.value()));
    return ledger.version();
  }

  @Override
  public void applied(InstanceId id, int version) {
    if (ledger(id).isPresent()) change(id, ledger -> ledger.applied(version));
  }

  @Override
  public String hotApply(InstanceId id, SandboxEndpoint gateway) throws InterruptedException {
    var ledger = ledger(id).orElse(OverrideLedger.empty());
    if (ledger.pending().isEmpty()) return "";
    var token = secrets.get(id.value(), SecretNames.GATEWAY_TOKEN);
    if (token.isEmpty()) throw WorkFailure.notNow(WHAT, "no gateway token");
    var url = publicUrl.apply(id.value());
    var patches =
        ledger.pending().stream().map(patch -> OpenClawConfig.keepingOrigin(patch, url)).toList();
    return switch (admin.patchConfig(gateway, token.get(), patches)) {
      case Done _ -> {
        change(id, kept -> kept.applied(ledger.version()));
        yield "";
      }
      case AdminAnswer.Refused refused -> {
        change(id, kept -> kept.refused(ledger.version()));
        yield WHAT + ": refused by OpenClaw and taken back: " + refused.toText();
      }
      case TokenRefused _ -> throw WorkFailure.notNow(WHAT, "the gateway refuses its token");
      case Busy(var message) -> throw WorkFailure.notNow(WHAT, message);
      case NoAnswer(var note) -> throw WorkFailure.notNow(WHAT, note);
    };
  }

  private Optional<OverrideLedger> ledger(InstanceId id) {
    return secrets.get(id.value(), SecretNames.OVERRIDES).map(OverrideLedger::of);
  }

  private void change(InstanceId id, UnaryOperator<OverrideLedger> step) {
    var lock = locks[Math.floorMod(id.hashCode(), LOCKS)];
    lock.lock();
    try {
      var after = step.apply(ledger(id).orElse(OverrideLedger.empty()));
      secrets.put(id.value(), SecretNames.OVERRIDES, after.toSecret());
    } finally {
      lock.unlock();
    }
  }
}
