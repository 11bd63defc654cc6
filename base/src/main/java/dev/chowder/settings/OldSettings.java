package dev.chowder.settings;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * Refuses the names of settings and variables of versions before 0.1.0, which would be ignored.
 * {@code renamed-settings.properties} has those that have another name now, and {@code
 * removed-settings.properties} those that have none. The scripts read the same files.
 */
public final class OldSettings {
  private static final Map<String, String> NEW_NAMES = read("renamed-settings.properties");
  private static final Map<String, String> REMOVED = read("removed-settings.properties");

  private OldSettings() {}

  /** Returns the new name of each renamed setting and variable, sorted by the old name. */
  public static Map<String, String> newNames() {
    return NEW_NAMES;
  }

  /** Returns why each removed setting and variable was removed, sorted by name. */
  public static Map<String, String> removed() {
    return REMOVED;
  }

  /**
   * Rejects names of earlier versions.
   *
   * @param root the whole configuration
   * @param environment the environment of the process
   * @throws IllegalArgumentException if one is set; names the first, with its new name or the
   *     reason for its removal. Renamed ones come first.
   */
  public static void reject(Config root, Map<String, String> environment) {
    NEW_NAMES.forEach(
        (old, now) ->
            reject(root, environment, old, old + " was renamed to " + now, "use the new name"));
    REMOVED.forEach(
        (old, why) ->
            reject(root, environment, old, old + " was removed, because " + why, "do not set it"));
  }

  private static void reject(
      Config root, Map<String, String> environment, String old, String cause, String remedy) {
    boolean isVariable = environment.containsKey(old);
    if (!isVariable && !root.hasPathOrNull(old)) return;
    throw new IllegalArgumentException(
        cannot("start", "the " + (isVariable ? "variable " : "setting ") + cause, remedy));
  }

  private static Map<String, String> read(String name) {
    var properties = new Properties();
    try (InputStream file = OldSettings.class.getResourceAsStream(name)) {
      if (file == null) throw new IllegalStateException(name + " is not in this build");
      properties.load(new InputStreamReader(file, StandardCharsets.UTF_8));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    var values = new TreeMap<String, String>();
    properties.forEach((old, value) -> values.put((String) old, (String) value));
    return Collections.unmodifiableMap(values);
  }
}
