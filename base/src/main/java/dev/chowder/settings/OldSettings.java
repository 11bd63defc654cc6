package dev.chowder.settings;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * The settings and variables that had another name, in {@code renamed-settings.properties}, and
 * those that are gone, in {@code removed-settings.properties}. The scripts read the same files.
 * Such a name would be ignored, so it is refused.
 */
public final class OldSettings {
  private static final Map<String, String> NEW_NAMES = read("renamed-settings.properties");
  private static final Map<String, String> REMOVED = read("removed-settings.properties");

  private OldSettings() {}

  /** Returns the new name of each old one, both of settings and of variables. */
  public static Map<String, String> newNames() {
    return NEW_NAMES;
  }

  /** Returns the reason for each removal, both of settings and of variables. */
  public static Map<String, String> removed() {
    return REMOVED;
  }

  /**
   * Rejects old names.
   *
   * @param root the whole configuration
   * @param environment the environment of the process
   * @throws IllegalArgumentException with the first old name, and its new name or the reason for
   *     its removal
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
    return Map.copyOf(values);
  }
}
