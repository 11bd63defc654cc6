package dev.chowder.operate.site;

import dev.chowder.envoy.EnvoyVariable;
import dev.chowder.settings.NearestName;
import dev.chowder.settings.SettingNames;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The variables {@code CHOWDER_*} that any program of Chowder reads. */
public final class VariableNames {
  private static final String LIST = "variables.txt";

  private VariableNames() {}

  /**
   * Returns a warning for each variable that no program reads. Such a variable is no error, because
   * the environment may be that of other versions, too.
   *
   * @param names those of the environment
   */
  public static List<String> warnings(Collection<String> names) {
    var known = known();
    var whole = known.stream().filter(name -> !isPrefix(name)).toList();
    return names.stream()
        .filter(name -> name.startsWith("CHOWDER_") && !isKnown(name, known))
        .sorted()
        .map(
            name ->
                "WARNING: no program of Chowder reads the variable %s (nearest: %s)."
                    .formatted(name, NearestName.of(name, whole)))
        .toList();
  }

  private static boolean isKnown(String name, SortedSet<String> known) {
    return known.contains(name)
        || known.stream().anyMatch(other -> isPrefix(other) && name.startsWith(other));
  }

  private static boolean isPrefix(String name) {
    return name.endsWith("_");
  }

  /** Returns all names, and prefixes that end in an underscore. */
  static SortedSet<String> known() {
    var known = new TreeSet<>(SettingNames.variables());
    known.addAll(SettingNames.removed().keySet());
    known.addAll(listed());
    Stream.of(EnvoyVariable.values()).map(EnvoyVariable::name).forEach(known::add);
    return known;
  }

  static List<String> listed() {
    try (InputStream file = VariableNames.class.getResourceAsStream(LIST)) {
      if (file == null) throw new IllegalStateException(LIST + " is not in this build");
      return new String(file.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .toList();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
