package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.secret.Secret;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What is to be configured for a skill. What is empty stays as it is, but for values: an empty key
 * or variable removes the one that is there.
 */
public final class SkillChange {
  /** What OpenClaw would put an environment variable of its own in the place of. */
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{(?=[A-Z_][A-Z0-9_]*})");

  private final Optional<Boolean> enabled;
  private final Optional<Secret> apiKey;
  private final Map<String, Secret> env;
  private final Optional<ObjectNode> config;

  /**
   * A change.
   *
   * @param config merged onto what is there; null removes
   */
  public SkillChange(
      Optional<Boolean> enabled,
      Optional<Secret> apiKey,
      Map<String, Secret> env,
      Optional<ObjectNode> config) {
    this.enabled = enabled;
    this.apiKey = apiKey;
    this.env = Map.copyOf(env);
    this.config = config.map(ObjectNode::deepCopy);
  }

  /** Environment variables alone. */
  public static SkillChange ofEnv(Map<String, Secret> env) {
    return new SkillChange(Optional.empty(), Optional.empty(), env, Optional.empty());
  }

  /** Whether everything stays as it is. */
  public boolean isEmpty() {
    return enabled.isEmpty() && apiKey.isEmpty() && env.isEmpty() && config.isEmpty();
  }

  /** As a merge patch onto the skill's entry in the configuration. */
  ObjectNode patch() {
    var entry = OpenClawConfig.JSON.createObjectNode();
    enabled.ifPresent(on -> entry.put("enabled", on));
    apiKey.ifPresent(key -> put(entry, "apiKey", key));
    if (!env.isEmpty()) {
      var variables = entry.putObject("env");
      env.forEach((name, value) -> put(variables, name, value));
    }
    config.ifPresent(settings -> entry.set("config", settings));
    return entry;
  }

  /** Which variables are set, and none of their values. */
  @Override
  public String toString() {
    return "change of a skill: env " + new TreeSet<>(env.keySet());
  }

  private static void put(ObjectNode into, String name, Secret value) {
    var text = value.reveal();
    if (text.isEmpty()) into.putNull(name);
    else into.put(name, REFERENCE.matcher(text).replaceAll("\\$\\$\\{"));
  }
}
