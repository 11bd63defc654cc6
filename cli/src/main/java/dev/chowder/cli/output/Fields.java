package dev.chowder.cli.output;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Named values of one object for people, one on each line. */
public final class Fields {
  private final Map<String, String> values = new LinkedHashMap<>();

  /** Adds a value. An empty one is left out. */
  public Fields add(String name, String value) {
    if (!value.isEmpty()) values.put(name, Printable.line(value));
    return this;
  }

  public List<String> lines() {
    int width = values.keySet().stream().mapToInt(String::length).max().orElse(0) + 1;
    return values.entrySet().stream()
        .map(
            field ->
                field.getKey()
                    + ":"
                    + " ".repeat(width - field.getKey().length())
                    + field.getValue())
        .toList();
  }

  public void print(Output output) {
    lines().forEach(output::line);
  }
}
