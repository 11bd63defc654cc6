package dev.chowder.bench;

import java.util.HashMap;
import java.util.Map;

/** The options of a bench: `--name value`, in any order. */
final class Options {
  private final Map<String, String> values = new HashMap<>();

  Options(String[] arguments, int from) {
    if ((arguments.length - from) % 2 != 0)
      throw new IllegalArgumentException("options: must have the form --name value ...");
    for (int n = from; n < arguments.length; n += 2) {
      if (!arguments[n].startsWith("--"))
        throw new IllegalArgumentException(
            "options: must have the form --name value; got " + arguments[n]);
      values.put(arguments[n].substring(2), arguments[n + 1]);
    }
  }

  String text(String name) {
    return text(name, "");
  }

  String text(String name, String otherwise) {
    return values.getOrDefault(name, otherwise);
  }

  int number(String name, int otherwise) {
    var text = values.get(name);
    return text == null ? otherwise : Integer.parseInt(text);
  }
}
