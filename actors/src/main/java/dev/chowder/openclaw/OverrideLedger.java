package dev.chowder.openclaw;

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
 * A caller's overrides onto OpenClaw's configuration: what was asked for, and which changes the
 * file has not seen yet. Only changes are ever applied, each once, so that what agent, channels and
 * console write into the same file stays. Immutable; knows no file and no gateway.
 */
public final class OverrideLedger {
  private static final String VERSION = "version";
  private static final String ASKED = "asked";
  private static final String SETTLED = "settled";
  private static final String PENDING = "pending";

  private final int version;
  private final ObjectNode asked;

  /** What was asked for when nothing was pending the last time. */
  private final ObjectNode settled;

  private final List<ObjectNode> pending;

  private OverrideLedger(
      int version, ObjectNode asked, ObjectNode settled, List<ObjectNode> pending) {
    this.version = version;
    this.asked = asked;
    this.settled = settled;
    this.pending = List.copyOf(pending);
  }

  /** Nothing asked for. */
  public static OverrideLedger empty() {
    var nothing = OpenClawConfig.JSON.createObjectNode();
    return new OverrideLedger(0, nothing, nothing, List.of());
  }

  /**
   * The overrides of a new instance.
   *
   * @param given nested objects and dotted keys; {@code null} removes what onboarding writes
   * @param schema of the image; empty: the gateway judges alone
   */
  public static OverrideVerdict first(
      ObjectNode given, OverrideLimits limits, Optional<ConfigSchema> schema) {
    return empty().change(given, limits, schema, true);
  }

  /**
   * The overrides after a JSON merge patch.
   *
   * @param patch nested objects and dotted keys; {@code null} takes an override back and removes
   *     the setting; {@code ***} where an answer showed it leaves the secret as it is
   */
  public OverrideVerdict patched(
      ObjectNode patch, OverrideLimits limits, Optional<ConfigSchema> schema) {
    return change(patch, limits, schema, false);
  }

  private OverrideVerdict change(
      ObjectNode given, OverrideLimits limits, Optional<ConfigSchema> schema, boolean keepNulls) {
    try {
      var patch = OverrideKeys.nested(given, limits.maxDepth());
      OwnedSettings.refuse(patch);
      SecretReferences.refuse(patch);
      patch = Sensitive.withoutMasks(patch, asked);
      var after = asked.deepCopy();
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
          new OverrideLedger(version + 1, after, settled, withPending(patch)));
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

  private static void checkSize(ObjectNode overrides, OverrideLimits limits) {
    int bytes = overrides.toString().getBytes(StandardCharsets.UTF_8).length;
    if (bytes > limits.maxBytes()) {
      throw new OverrideRefusedException(new OverrideRefusal.TooLarge(bytes, limits.maxBytes()));
    }
  }

  /** Grows by one with each change. */
  public int version() {
    return version;
  }

  /** What the caller asked for, as answers show it: secrets masked. */
  public ObjectNode shown() {
    return Sensitive.masked(asked);
  }

  /** The merge patches that the file has not seen, to be applied in this order. */
  public List<ObjectNode> pending() {
    return pending.stream().map(ObjectNode::deepCopy).toList();
  }

  /** Returns the ledger after the pending patches were applied. */
  public OverrideLedger applied() {
    return new OverrideLedger(version, asked, asked, List.of());
  }

  /**
   * Returns the ledger after the gateway rejected the pending patches: they are dropped, since in
   * the file they would prevent the gateway's next start.
   */
  public OverrideLedger refused() {
    return new OverrideLedger(version, settled, settled, List.of());
  }

  /**
   * Returns the merge patches for a home that has none of the overrides: all overrides, then the
   * pending patches, which may remove settings that onboarding wrote.
   */
  public List<ObjectNode> forNewHome() {
    if (asked.isEmpty()) return pending();
    return Stream.concat(Stream.of(asked.deepCopy()), pending().stream()).toList();
  }

  /**
   * Returns the values under sensitive names, of the current overrides and of the pending patches.
   */
  public List<Secret> secrets() {
    return Stream.concat(Stream.of(asked, settled), pending.stream())
        .flatMap(json -> Sensitive.values(json).stream())
        .distinct()
        .map(Secret::of)
        .toList();
  }

  /** For the encrypted table. */
  public Secret toSecret() {
    var json = OpenClawConfig.JSON.createObjectNode().put(VERSION, version);
    json.set(ASKED, asked);
    json.set(SETTLED, settled);
    json.putArray(PENDING).addAll(pending);
    return Secret.of(json.toString());
  }

  /** What {@link #toSecret} made. */
  public static OverrideLedger of(Secret kept) {
    try {
      var json = OpenClawConfig.JSON.readTree(kept.reveal());
      var pending = new ArrayList<ObjectNode>();
      for (JsonNode patch : json.path(PENDING)) pending.add((ObjectNode) patch);
      return new OverrideLedger(
          json.path(VERSION).intValue(),
          (ObjectNode) json.required(ASKED),
          (ObjectNode) json.required(SETTLED),
          pending);
    } catch (JsonProcessingException | ClassCastException | IllegalArgumentException broken) {
      // Without the cause: its message quotes the text.
      throw new IllegalStateException("kept overrides: not readable (expected: as written)");
    }
  }

  /** Never the content: it may hold secrets. */
  @Override
  public String toString() {
    return "OverrideLedger[version=" + version + ", pending=" + pending.size() + "]";
  }
}
