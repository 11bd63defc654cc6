package dev.chowder.openclaw.config;

import static dev.chowder.base.ErrorText.rule;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds values that OpenClaw (2026.9.6) would replace by a secret when it reads its configuration.
 * Otherwise a caller who may configure an agent could send the organization's provider key to
 * another server. The key is in a file of the agent's home volume.
 */
final class SecretReferences {
  /** The sources that a reference can name. */
  private static final Set<String> SOURCES = Set.of("env", "file", "exec", "store");

  /**
   * The only setting with a {@code source} that is not a reference: a command that checks installs.
   */
  private static final List<String> INSTALL_POLICY = List.of("security", "installPolicy", "exec");

  /** A reference to an environment variable inside a text, or as the whole text. */
  private static final Pattern VARIABLE =
      Pattern.compile(".*\\$\\{[A-Z_][A-Z0-9_]*}.*|\\s*\\$[A-Z][A-Z0-9_]*\\s*", Pattern.DOTALL);

  private SecretReferences() {}

  /**
   * Rejects overrides with a secret reference.
   *
   * @throws OverrideRefusedException with the path of the first reference
   */
  static void reject(ObjectNode overrides) {
    reject(overrides, List.of());
  }

  private static void reject(JsonNode node, List<String> at) {
    if (isReference(node) && !at.equals(INSTALL_POLICY)) {
      throw OverrideKeys.refused(at, rule("be the value itself", "a secret reference"));
    }
    switch (node) {
      case ObjectNode object -> {
        for (var entry : object.properties()) {
          reject(entry.getValue(), OverrideKeys.under(at, entry.getKey()));
        }
      }
      case ArrayNode array -> {
        for (int i = 0; i < array.size(); i++) {
          reject(array.get(i), OverrideKeys.under(at, Integer.toString(i)));
        }
      }
      default -> {}
    }
  }

  private static boolean isReference(JsonNode node) {
    if (node.isTextual()) return VARIABLE.matcher(node.textValue()).matches();
    // A reference needs other fields as well, but a later patch could add them.
    return node.isObject() && SOURCES.contains(node.path("source").asText());
  }
}
