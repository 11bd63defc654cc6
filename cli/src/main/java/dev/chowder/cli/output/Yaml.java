package dev.chowder.cli.output;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Writes JSON as YAML 1.2. Texts are quoted as in JSON, which YAML accepts. */
public final class Yaml {
  private static final Pattern PLAIN = Pattern.compile("[a-z][a-z0-9_]*");

  /** Words that versions of YAML read as other values. */
  private static final Set<String> VALUES =
      Set.of("true", "false", "null", "yes", "no", "on", "off", "y", "n");

  private Yaml() {}

  /** Returns the lines of a document, with unsafe characters escaped. */
  public static String of(JsonElement value) {
    return Printable.json(String.join("\n", lines(value))) + "\n";
  }

  private static List<String> lines(JsonElement value) {
    var lines = new ArrayList<String>();
    switch (value) {
      case JsonObject object when !object.isEmpty() ->
          object.asMap().forEach((name, one) -> add(key(name) + ":", one, lines));
      case JsonArray array when !array.isEmpty() ->
          array.forEach(one -> addIndented("- ", lines(one), lines));
      default -> lines.add(value.toString());
    }
    return lines;
  }

  private static void add(String key, JsonElement value, List<String> lines) {
    var below = lines(value);
    boolean isBlock = value.isJsonObject() || value.isJsonArray();
    if (isBlock && !below.equals(List.of(value.toString()))) {
      lines.add(key);
      addIndented("  ", below, lines);
    } else {
      lines.add(key + " " + below.getFirst());
    }
  }

  private static void addIndented(String first, List<String> below, List<String> lines) {
    for (int i = 0; i < below.size(); i++) lines.add((i == 0 ? first : "  ") + below.get(i));
  }

  private static String key(String name) {
    boolean isPlain = PLAIN.matcher(name).matches() && !VALUES.contains(name);
    return isPlain ? name : new JsonPrimitive(name).toString();
  }
}
