package dev.chowder.settings;

import static dev.chowder.base.ErrorText.cannot;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Refuses settings that no module has. They would be ignored, and the installation would use a
 * default. The settings are the keys under {@code chowder} in the {@code reference.conf} of all
 * modules. {@code removed-settings.properties} has those of earlier versions, with the reason for
 * their removal.
 */
public final class SettingNames {
  /**
   * If this property of the JVM is true, a node starts with unknown settings and logs a warning, as
   * after a reboot.
   */
  public static final String IGNORE_UNKNOWN = "chowder-tool.ignore-unknown-settings";

  private static final Logger LOG = LoggerFactory.getLogger(SettingNames.class);
  private static final String ROOT = "chowder";
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{\\?(CHOWDER_[A-Z_]+)}");

  /** Sections whose keys are names of other programs, which users may add. */
  private static final Set<String> MAPS = Set.of("chowder.openclaw.responses.methods");

  private static final Map<String, String> REMOVED = read("removed-settings.properties");

  private SettingNames() {}

  /**
   * Returns why each removed setting or variable was removed, sorted by name. A name stands for all
   * settings of its section, too.
   */
  public static Map<String, String> removed() {
    return REMOVED;
  }

  /**
   * Refuses unknown and removed settings.
   *
   * @param root the whole configuration
   * @param environment the environment of the process
   * @throws IllegalArgumentException if there is one, unless {@link #IGNORE_UNKNOWN} is set
   */
  public static void check(Config root, Map<String, String> environment) {
    var wrong = wrong(root, environment);
    if (wrong.isEmpty()) return;
    if (!Boolean.getBoolean(IGNORE_UNKNOWN)) throw new IllegalArgumentException(error(wrong.get()));
    LOG.warn("{}: this start ignores it", wrong.get());
  }

  /** Returns the error for a result of {@link #wrong}. */
  public static String error(String wrong) {
    return cannot("start", wrong, "correct or remove it");
  }

  /**
   * Returns which settings are unknown, each with the nearest name, and which were removed; empty
   * if none is.
   */
  public static Optional<String> wrong(Config root, Map<String, String> environment) {
    var known = keys(reference());
    var unknown = new ArrayList<String>();
    var removed = new TreeSet<String>(REMOVED.keySet());
    removed.retainAll(environment.keySet());
    for (var key : keys(root)) {
      if (known.contains(key) || isAdded(key, known)) continue;
      var name = REMOVED.keySet().stream().filter(old -> isIn(key, old)).findFirst();
      if (name.isPresent()) removed.add(name.get());
      else unknown.add("%s (nearest: %s)".formatted(key, NearestName.of(key, known)));
    }
    var causes = new ArrayList<String>();
    if (!unknown.isEmpty()) causes.add("no setting is named " + String.join(", ", unknown));
    for (var name : removed) {
      causes.add("%s was removed, because %s".formatted(name, REMOVED.get(name)));
    }
    return causes.isEmpty() ? Optional.empty() : Optional.of(String.join(", and ", causes));
  }

  /**
   * Returns whether users added the key to a map, below a name and with a setting that its other
   * sections have.
   */
  private static boolean isAdded(String key, Set<String> known) {
    return MAPS.stream()
        .filter(map -> isIn(key, map) && key.lastIndexOf('.') > map.length())
        .flatMap(map -> known.stream().filter(other -> isIn(other, map)))
        .anyMatch(other -> lastWord(other).equals(lastWord(key)));
  }

  private static String lastWord(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  private static boolean isIn(String key, String section) {
    return key.equals(section) || key.startsWith(section + ".");
  }

  /** Returns the variables of all settings. */
  public static Set<String> variables() {
    return VARIABLE
        .matcher(ConfigFactory.defaultReferenceUnresolved().root().render())
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns the paths of all settings, sorted. */
  private static SortedSet<String> keys(Config config) {
    if (!(config.root().get(ROOT) instanceof ConfigObject settings)) {
      return config.hasPath(ROOT) ? new TreeSet<>(Set.of(ROOT)) : new TreeSet<>();
    }
    return settings.toConfig().entrySet().stream()
        .map(entry -> ROOT + "." + entry.getKey())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Returns the defaults. Those of the library include the properties of this JVM. */
  private static Config reference() {
    return ConfigFactory.systemProperties()
        .withoutPath(ROOT)
        .withFallback(ConfigFactory.defaultReferenceUnresolved())
        .resolve();
  }

  private static Map<String, String> read(String name) {
    var properties = new Properties();
    try (InputStream file = SettingNames.class.getResourceAsStream(name)) {
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
