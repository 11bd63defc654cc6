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
 * The settings and variables that had another name, in {@code renamed-settings.properties}. The
 * scripts read the same file. An old name would be ignored, so it is refused.
 */
public final class RenamedSettings {
  private static final String FILE = "renamed-settings.properties";
  private static final Map<String, String> NEW_NAMES = read();

  private RenamedSettings() {}

  /** Returns the new name of each old one, both of settings and of variables. */
  public static Map<String, String> newNames() {
    return NEW_NAMES;
  }

  /**
   * Rejects old names.
   *
   * @param root the whole configuration
   * @param environment the environment of the process
   * @throws IllegalArgumentException with the old and the new name of the first one
   */
  public static void reject(Config root, Map<String, String> environment) {
    NEW_NAMES.forEach(
        (old, now) -> {
          if (environment.containsKey(old)) throw rejected("variable", old, now);
          if (root.hasPathOrNull(old)) throw rejected("setting", old, now);
        });
  }

  private static IllegalArgumentException rejected(String kind, String old, String now) {
    return new IllegalArgumentException(
        cannot(
            "start", "the %s %s was renamed to %s".formatted(kind, old, now), "use the new name"));
  }

  private static Map<String, String> read() {
    var properties = new Properties();
    try (InputStream file = RenamedSettings.class.getResourceAsStream(FILE)) {
      if (file == null) throw new IllegalStateException(FILE + " is not in this build");
      properties.load(new InputStreamReader(file, StandardCharsets.UTF_8));
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
    var names = new TreeMap<String, String>();
    properties.forEach((old, now) -> names.put((String) old, (String) now));
    return Map.copyOf(names);
  }
}
