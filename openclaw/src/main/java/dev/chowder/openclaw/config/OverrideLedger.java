package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.rule;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Stores a caller's overrides of OpenClaw's configuration, and the changes that the file does not
 * have yet. Applies each change once, so that settings which the agent, its channels and the
 * Control UI write to the same file are kept. Immutable. Knows no file and no gateway.
 */
public final class OverrideLedger {
  // The stored JSON keys, which are older than the names of the fields.
  private static final String VERSION = "version";
  private static final String ASKED = "asked";
  private static final String SETTLED = "settled";
  private static final String PENDING = "pending";

  private final int version;
  private final ObjectNode overrides;

  /** The overrides that the file had when no change was pending last. */
  private final ObjectNode applied;

  private final List<ObjectNode> pending;

  private OverrideLedger(
      int version, ObjectNode overrides, ObjectNode applied, List<ObjectNode> pending) {
    this.version = version;
    this.overrides = overrides;
    this.applied = applied;
    this.pending = List.copyOf(pending);
  }

  /** Returns a ledger without overrides. */
  public static OverrideLedger empty() {
    var nothing = OpenClawConfig.JSON.createObjectNode();
    return new OverrideLedger(0, nothing, nothing, List.of());
  }

  /**
   * Returns the overrides of a new instance.
   *
   * @param given nested objects and dotted keys; {@code null} removes a setting of onboarding
   * @param schema the image's schema; empty if only the gateway checks the overrides
   */
  public static OverrideVerdict first(
      ObjectNode given, OverrideLimits limits, Optional<ConfigSchema> schema) {
    return empty().change(given, limits, schema, true);
  }

  /**
   * Returns the overrides after a JSON merge patch.
   *
   * @param patch nested objects and dotted keys. {@code null} removes an override and its setting.
   *     {@code ***}, which responses show for a secret, keeps the secret
   */
  public OverrideVerdict patched(
      ObjectNode patch, OverrideLimits limits, Optional<ConfigSchema> schema) {
    return change(patch, limits, schema, false);
  }

  private OverrideVerdict change(
      ObjectNode given, OverrideLimits limits, Optional<ConfigSchema> schema, boolean keepNulls) {
    try {
      checkValues(given, limits);
      var patch = OverrideKeys.nested(given, limits.maxDepth());
      OwnedSettings.reject(patch);
      SecretReferences.reject(patch);
      patch = Sensitive.withoutMasks(patch, overrides);
      var after = overrides.deepCopy();
      if (keepNulls) {
        after.setAll(patch);
      } else {
        MergePatch.apply(after, patch);
      }
      checkSize(after, limits);
      if (schema.isPresent()) {
        var refusal = schema.get().refusalOf(MergePatch.withoutNulls(after));
        if (refusal.isPresent()) return new OverrideVerdict.Refused(refusal.get());
      }
      return new OverrideVerdict.Accepted(
          new OverrideLedger(version + 1, after, applied, withPending(patch)));
    } catch (OverrideRefusedException refused) {
      return new OverrideVerdict.Refused(refused.why());
    }
  }

  private List<ObjectNode> withPending(ObjectNode patch) {
    if (pending.isEmpty()) return List.of(patch);
    var all = new ArrayList<>(pending);
    var joined = MergePatch.join(all.removeLast(), patch);
    if (joined.isPresent()) {
      all.add(joined.get());
    } else {
      all.add(pending.getLast());
      all.add(patch);
    }
    return all;
  }

  /** Each value takes time in the check by the schema, which bytes alone do not limit. */
  private static void checkValues(ObjectNode overrides, OverrideLimits limits) {
    int values = values(overrides);
    if (values > limits.maxValues()) {
      throw OverrideKeys.refused(
          List.of(), rule("have at most " + limits.maxValues() + " values", values));
    }
  }

  private static int values(JsonNode node) {
    int all = 1;
    for (var inner : node) all += values(inner);
    return all;
  }

  private static void checkSize(ObjectNode overrides, OverrideLimits limits) {
    checkValues(overrides, limits);
    int bytes = overrides.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > limits.maxBytes()) {
      throw OverrideKeys.refused(
          List.of(), rule("be at most " + limits.maxBytes() + " bytes", bytes));
    }
  }

  /** Returns the version, which increases by one with each change. */
  public int version() {
    return version;
  }

  /** Returns the overrides with masked secrets, as responses show them. */
  public ObjectNode shown() {
    return Sensitive.masked(overrides);
  }

  /** Returns the merge patches that the file does not have, in the order to apply. */
  public List<ObjectNode> pending() {
    return pending.stream().map(ObjectNode::deepCopy).toList();
  }

  /** Returns the ledger after the pending patches were applied. */
  public OverrideLedger applied() {
    return new OverrideLedger(version, overrides, overrides, List.of());
  }

  /**
   * Returns the ledger after the gateway rejected the pending patches. They are dropped, since in
   * the file they would prevent the gateway's next start.
   */
  public OverrideLedger refused() {
    return new OverrideLedger(version, applied, applied, List.of());
  }

  /**
   * Returns the merge patches for a home volume without overrides. First all overrides, then the
   * pending patches, which may remove settings of onboarding.
   */
  public List<ObjectNode> forNewHome() {
    if (overrides.isEmpty()) return pending();
    return Stream.concat(Stream.of(overrides.deepCopy()), pending().stream()).toList();
  }

  /**
   * Returns the values under sensitive names, of the current overrides and of the pending patches.
   */
  public List<Secret> secrets() {
    return Stream.concat(Stream.of(overrides, applied), pending.stream())
        .flatMap(json -> Sensitive.values(json).stream())
        .distinct()
        .map(Secret::of)
        .toList();
  }

  /** Returns the value for the encrypted table. */
  public Secret toSecret() {
    var json = OpenClawConfig.JSON.createObjectNode().put(VERSION, version);
    json.set(ASKED, overrides);
    json.set(SETTLED, applied);
    json.putArray(PENDING).addAll(pending);
    return Secret.of(json.toString());
  }

  /** Reads the value that {@link #toSecret} returned. */
  public static OverrideLedger of(Secret stored) {
    try {
      var json = OpenClawConfig.JSON.readTree(stored.reveal());
      var pending = new ArrayList<ObjectNode>();
      for (JsonNode patch : json.path(PENDING)) pending.add((ObjectNode) patch);
      return new OverrideLedger(
          json.path(VERSION).intValue(),
          (ObjectNode) json.required(ASKED),
          (ObjectNode) json.required(SETTLED),
          pending);
    } catch (JsonProcessingException | ClassCastException | IllegalArgumentException broken) {
      // The cause is left out, because its message quotes the text.
      throw new IllegalStateException(must("stored overrides", "be the JSON of a ledger"));
    }
  }

  /** Leaves out the content, because it may have secrets. */
  @Override
  public String toString() {
    return "OverrideLedger[version=" + version + ", pending=" + pending.size() + "]";
  }
}
