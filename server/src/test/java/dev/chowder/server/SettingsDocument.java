package dev.chowder.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Renders docs/SETTINGS.md: every public setting, which has a variable, with its default and
 * comment, from the {@code reference.conf} files of the modules. Rejects lines in another layout
 * than one setting per line.
 */
final class SettingsDocument {
  private static final String HEAD =
      """
      # Settings

      Generated from `src/main/resources/reference.conf` of each module by `SettingsDocumentTest`; do not edit. After a change, regenerate it:
      `mvn -pl server -am test -Dtest=SettingsDocumentTest -Dsurefire.failIfNoSpecifiedTests=false -Dchowder-tool.update-docs=true`

      These settings are public. A version that removes one refuses it and prints the reason. Set their variables in the environment of
      `scripts/up` or of the server. All other keys in these files are internal: any version may change or remove them.

      A duration ends in what it is: `timeout` for the longest time that something may take, `interval` for the time between two runs of
      the same work, `delay` for a pause, `age`, `retention` for how long something is kept, `window` for the time in which something
      counts. A maximum begins with `max-`.

      You can also set keys in a file that `-Dconfig.file` in `CHOWDER_JAVA_OPTS` names, or as properties of the server's JVM:
      `CHOWDER_JAVA_OPTS="-Xmx512m -Dchowder.reconciler.max-restarts=2" scripts/up`. An unknown key ends the start.
      """;

  private static final Pattern OPENS = Pattern.compile("([a-z][a-z0-9.-]*) \\{");
  private static final Pattern SETS = Pattern.compile("([a-z][a-z0-9._-]*) = (.+)");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{\\?([A-Z_]+)}");

  /** A setting. If it has several variables, the last one that is set applies. */
  private record Setting(String value, String comment, List<String> variables) {}

  private final Map<String, Setting> settings = new LinkedHashMap<>();
  private final Map<String, String> sections = new LinkedHashMap<>();

  /** Paths of the outermost blocks of all files. */
  private final Set<String> blocks = new HashSet<>();

  SettingsDocument(List<Path> files) throws IOException {
    for (var file : files) read(file);
  }

  /** Returns the default of each setting, as it is written. */
  Map<String, String> defaults() {
    var defaults = new LinkedHashMap<String, String>();
    settings.forEach((path, setting) -> defaults.put(path, setting.value()));
    return defaults;
  }

  /** Returns the keys of the settings without a variable. */
  Set<String> internal() {
    return settings.entrySet().stream()
        .filter(entry -> entry.getValue().variables().isEmpty())
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  /** Returns the keys of the settings with a variable. */
  Set<String> published() {
    var keys = new HashSet<>(settings.keySet());
    keys.removeAll(internal());
    return keys;
  }

  /** Returns the variables of all settings. */
  Set<String> variables() {
    return settings.values().stream()
        .flatMap(setting -> setting.variables().stream())
        .collect(Collectors.toSet());
  }

  String text() {
    var text = new StringBuilder(HEAD);
    bySection()
        .forEach(
            (section, entries) -> {
              text.append("\n## `").append(section).append("`\n\n");
              var comment = sections.getOrDefault(section, "");
              if (!comment.isEmpty()) text.append(comment).append("\n\n");
              text.append("| setting | variable | default | |\n| --- | --- | --- | --- |\n");
              entries.forEach(entry -> text.append(row(entry.getKey(), entry.getValue())));
            });
    return text.toString();
  }

  /**
   * Returns the public settings of each section. Several modules may define settings of one
   * section.
   */
  private Map<String, List<Map.Entry<String, Setting>>> bySection() {
    return settings.entrySet().stream()
        .filter(entry -> !entry.getValue().variables().isEmpty())
        .collect(
            Collectors.groupingBy(
                entry -> section(entry.getKey()), LinkedHashMap::new, Collectors.toList()));
  }

  private static String row(String path, Setting setting) {
    return "| `%s` | %s | `%s` | %s |\n"
        .formatted(
            path,
            setting.variables().stream().map(v -> "`" + v + "`").collect(Collectors.joining(", ")),
            setting.value().replace("|", "\\|"),
            setting.comment().replace("|", "\\|"));
  }

  /**
   * Returns {@code chowder.grpc} for {@code chowder.grpc.port}, and {@code chowder} for a setting
   * directly in it. A block of its own in a file, such as {@code chowder.sandbox.docker}, is a
   * section too.
   */
  private String section(String path) {
    var parts = List.of(path.split("\\.", -1));
    var section = String.join(".", parts.subList(0, Math.min(2, parts.size() - 1)));
    return blocks.stream()
        .filter(block -> path.startsWith(block + ".") && block.length() > section.length())
        .max(Comparator.comparingInt(String::length))
        .orElse(section);
  }

  private void read(Path file) throws IOException {
    Deque<String> path = new ArrayDeque<>();
    var comment = new ArrayList<String>();
    int number = 0;
    for (var raw : Files.readAllLines(file)) {
      number++;
      var line = raw.strip();
      var opens = OPENS.matcher(line);
      var sets = SETS.matcher(line);
      if (line.startsWith("#")) {
        comment.add(line.substring(1).strip());
        continue;
      }
      if (line.equals("}")) {
        path.removeLast();
      } else if (opens.matches()) {
        if (path.isEmpty()) blocks.add(opens.group(1));
        path.addLast(opens.group(1));
        sections.putIfAbsent(String.join(".", path), String.join(" ", comment));
      } else if (sets.matches()) {
        path.addLast(sets.group(1));
        set(String.join(".", path), sets.group(2), String.join(" ", comment));
        path.removeLast();
      } else if (!line.isEmpty()) {
        throw new IllegalStateException(file + ":" + number + ": " + line);
      }
      comment.clear();
    }
  }

  private void set(String path, String value, String comment) {
    var variable = VARIABLE.matcher(value);
    var before = settings.get(path);
    if (!variable.matches()) {
      if (before == null) settings.put(path, new Setting(value, comment, new ArrayList<>()));
    } else if (before != null) {
      // Several modules may define the same setting, such as the home.
      if (!before.variables().contains(variable.group(1))) {
        before.variables().add(variable.group(1));
      }
    } else {
      throw new IllegalStateException(path + ": must have a default before its variable");
    }
  }
}
