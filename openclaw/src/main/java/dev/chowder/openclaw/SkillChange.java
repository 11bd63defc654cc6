package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.secret.Secret;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A change of a skill's configuration. Empty settings stay as they are, but a key or variable with
 * an empty value is removed.
 *
 * @param config a merge patch of the skill's own settings; null removes one
 */
public record SkillChange(
    Optional<Boolean> enabled,
    Optional<Secret> apiKey,
    Map<String, Secret> env,
    Optional<ObjectNode> config) {
  /** A text that OpenClaw would replace by one of its environment variables. */
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{(?=[A-Z_][A-Z0-9_]*})");

  public SkillChange {
    env = Map.copyOf(env);
    config = config.map(ObjectNode::deepCopy);
  }

  /** Returns a change of environment variables only. */
  public static SkillChange ofEnv(Map<String, Secret> env) {
    return new SkillChange(Optional.empty(), Optional.empty(), env, Optional.empty());
  }

  /** Returns whether the change has no effect. */
  public boolean isEmpty() {
    return enabled.isEmpty() && apiKey.isEmpty() && env.isEmpty() && config.isEmpty();
  }

  /** Returns the merge patch of the skill's entry in the configuration. */
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

  /** Shows the names of the variables, and none of their values. */
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
