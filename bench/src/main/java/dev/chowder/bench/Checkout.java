package dev.chowder.bench;

import java.nio.file.Path;
import java.util.Map;

/**
 * The clone that is measured.
 *
 * @param root has the scripts
 * @param app the built programs
 * @param cache what a bench keeps for the next one
 * @param variables those of the caller
 */
record Checkout(Path root, Path app, Path cache, Map<String, String> variables) {
  /** Returns the clone of this process, which the launcher sets. */
  static Checkout ofThisProcess() {
    var variables = System.getenv();
    return new Checkout(
        property("chowder-tool.root"),
        property("chowder-tool.app"),
        property("chowder-tool.cache"),
        variables);
  }

  private static Path property(String name) {
    var value = System.getProperty(name);
    if (value == null) throw new IllegalStateException("the launcher did not set " + name);
    return Path.of(value);
  }

  String script(String name) {
    return root.resolve("scripts").resolve(name).toString();
  }

  /** Returns the value of a variable, or the default if it is not set or empty. */
  String variable(String name, String otherwise) {
    var value = variables.getOrDefault(name, "");
    return value.isEmpty() ? otherwise : value;
  }

  /** Returns the folder for temporary files. */
  Path temporary() {
    return Path.of(variable("TMPDIR", "/tmp"));
  }
}
