package dev.chowder.apidocs;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Replaces the generated sections of {@code envoy/envoy.yaml}: the lines between two comments that
 * name the section. Does not know what a section contains.
 */
final class GeneratedSections {
  private static final Pattern BEGIN =
      Pattern.compile("( *)(?:#|--) BEGIN generated ([a-z A-Z]+?)(?::.*)?");
  private static final Pattern END = Pattern.compile(" *(?:#|--) END generated ([a-z A-Z]+)");

  private GeneratedSections() {}

  /**
   * Returns the text with these lines in its sections, indented as the first comment of each.
   *
   * @throws IllegalStateException if a section is not in the text or does not end, or if the text
   *     has a section that is not generated
   */
  static String filled(String text, Map<String, List<String>> sections) {
    var lines = new ArrayList<String>();
    var missing = new HashSet<>(sections.keySet());
    var open = "";
    for (var line : text.split("\n", -1)) {
      var end = END.matcher(line);
      if (end.matches() && end.group(1).equals(open)) open = "";
      if (open.isEmpty()) lines.add(line);
      var begin = BEGIN.matcher(line);
      var section = begin.matches() ? sections.get(begin.group(2)) : null;
      if (begin.matches() && section == null) {
        throw new IllegalStateException("envoy.yaml: has an unknown section " + begin.group(2));
      }
      if (section != null) {
        open = begin.group(2);
        missing.remove(open);
        var indent = begin.group(1);
        section.forEach(one -> lines.add(indent + one));
      }
    }
    if (!missing.isEmpty() || !open.isEmpty()) {
      throw new IllegalStateException(
          "envoy.yaml: must have the sections " + missing + ", each with an end; open: " + open);
    }
    return String.join("\n", lines);
  }
}
