package dev.chowder.openclaw.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** Applies and joins JSON merge patches (RFC 7386). Does not know OpenClaw. */
public final class MergePatch {
  private MergePatch() {}

  /** Changes {@code target}: merges objects, removes on {@code null}, and replaces other values. */
  public static void apply(ObjectNode target, ObjectNode patch) {
    for (var entry : patch.properties()) {
      var name = entry.getKey();
      switch (entry.getValue()) {
        case ObjectNode inner -> {
          if (!(target.get(name) instanceof ObjectNode)) target.putObject(name);
          apply((ObjectNode) target.get(name), inner);
        }
        case JsonNode value when value.isNull() -> target.remove(name);
        case JsonNode value -> target.set(name, value.deepCopy());
      }
    }
  }

  /**
   * Returns one patch that has the effect of {@code first} and then {@code second} on any target.
   * Empty if no merge patch can express it, such as "remove the object, then create a new one".
   */
  static Optional<ObjectNode> join(ObjectNode first, ObjectNode second) {
    var joined = first.deepCopy();
    for (var entry : second.properties()) {
      var name = entry.getKey();
      var before = first.get(name);
      if (before == null || !(entry.getValue() instanceof ObjectNode inner)) {
        joined.set(name, entry.getValue().deepCopy());
      } else if (before instanceof ObjectNode beforeInner) {
        var both = join(beforeInner, inner);
        if (both.isEmpty()) return Optional.empty();
        joined.set(name, both.get());
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(joined);
  }

  /** Returns a copy without {@code null} members, at any depth outside arrays. */
  static ObjectNode withoutNulls(ObjectNode object) {
    var result = JsonNodeFactory.instance.objectNode();
    apply(result, object);
    return result;
  }
}
