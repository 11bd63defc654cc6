package dev.chowder.e2e;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Compares the output on a page with real output, except for what differs between runs: ids, times,
 * measured numbers, and what the page replaces by {@code ...}. Each id on the page must stand for
 * exactly one real id.
 */
final class ShownAnswer {
  private static final String UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
  private static final String TIME =
      "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)";
  private static final String LAST_OF_PREFIX = "[A-Za-z0-9_-]{4}";

  private static final Pattern ID = Pattern.compile(UUID);

  /** Names of fields whose numbers are measured, or counted by another system. */
  private static final String MEASURED =
      "(?<=\"(?:id|revision|duration_ms|durationMs|input_tokens|output_tokens|total_tokens)\": ?\"?)";

  private static final Pattern DIFFERS =
      Pattern.compile(
          "(?<lines>^[ \\t]*\\.\\.\\.\\n)|(?<rest>\\.\\.\\.)|(?<id>%s)|(?<time>%s)|(?<number>%s\\d+)"
                  .formatted(UUID, TIME, MEASURED)
              + "|(?<=chd_(?:org|sk)_)(?<prefix>%s)(?=\")".formatted(LAST_OF_PREFIX),
          Pattern.MULTILINE);

  /** Values that no page may show: keys, and tokens of 32 bytes. */
  private static final Pattern SECRET =
      Pattern.compile(
          "(?:(?<=chd_(?:org|sk)_)|(?<![A-Za-z0-9_-]))[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])");

  /** Maps each id on the page to the real one. */
  private final Map<String, String> ids = new HashMap<>();

  /** Returns the difference; empty if there is none. */
  Optional<String> difference(String shown, String answered) {
    String wanted = lines(shown);
    String got = lines(answered);
    var groups = new LinkedHashMap<String, String>();
    var all = Pattern.compile(pattern(wanted, groups)).matcher(got);
    if (all.matches()) {
      groups.forEach((id, group) -> ids.put(id, all.group(group)));
      return Optional.empty();
    }
    learn(wanted, got);
    return Optional.of(
        "%s%n--- the page shows%n%s--- the answer is%n%s"
            .formatted(firstDifference(wanted, got), wanted, toShow(got)));
  }

  /** Returns the output as a page shows it, with the ids of the page and without keys. */
  String toShow(String answered) {
    String text = SECRET.matcher(lines(answered)).replaceAll("...");
    for (var id : ids.entrySet()) text = text.replace(id.getValue(), id.getKey());
    return text;
  }

  /** Learns which ids correspond, so that one difference is reported once. */
  private void learn(String shown, String answered) {
    var wanted = new ArrayList<>(idsIn(shown));
    wanted.removeAll(ids.keySet());
    var got = new ArrayList<>(idsIn(answered));
    got.removeAll(ids.values());
    for (int i = 0; i < Math.min(wanted.size(), got.size()); i++) {
      ids.put(wanted.get(i), got.get(i));
    }
  }

  private static List<String> idsIn(String text) {
    return ID.matcher(text).results().map(MatchResult::group).distinct().toList();
  }

  private String firstDifference(String wanted, String got) {
    int end = 0;
    int line = 0;
    while (end < wanted.length()) {
      int next = wanted.indexOf('\n', end) + 1;
      var part = Pattern.compile(pattern(wanted.substring(0, next), new LinkedHashMap<>()));
      line++;
      if (!part.matcher(got).lookingAt()) {
        return "line %d of the answer differs: %s"
            .formatted(line, wanted.substring(end, next).strip());
      }
      end = next;
    }
    return "the answer has more lines";
  }

  private String pattern(String shown, Map<String, String> groups) {
    var pattern = new StringBuilder();
    int end = 0;
    for (MatchResult part : DIFFERS.matcher(shown).results().toList()) {
      pattern.append(Pattern.quote(shown.substring(end, part.start())));
      pattern.append(pattern(part, groups));
      end = part.end();
    }
    return pattern.append(Pattern.quote(shown.substring(end))).toString();
  }

  private String pattern(MatchResult part, Map<String, String> groups) {
    if (part.group("lines") != null) return "(?:.*\\n)*?";
    if (part.group("rest") != null) return ".*";
    if (part.group("time") != null) return TIME;
    if (part.group("number") != null) return "\\d+";
    if (part.group("prefix") != null) return LAST_OF_PREFIX;
    String id = part.group("id");
    String known = ids.get(id);
    if (known != null) return Pattern.quote(known);
    String before = groups.get(id);
    if (before != null) return "\\k<" + before + ">";
    String group = "id" + groups.size();
    String others =
        Stream.concat(
                ids.values().stream().map(Pattern::quote),
                groups.values().stream().map(other -> "\\k<" + other + ">"))
            .map(other -> "(?!" + other + ")")
            .collect(joining());
    groups.put(id, group);
    return others + "(?<" + group + ">" + UUID + ")";
  }

  private static String lines(String text) {
    String body = text.stripTrailing();
    return body.isEmpty() ? "" : body + "\n";
  }
}
