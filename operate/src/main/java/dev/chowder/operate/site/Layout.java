package dev.chowder.operate.site;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * The folders with Chowder's programs, in a clone or in an unpacked release.
 *
 * @param root the clone or the release
 * @param app the jars of the server, the simulator and the demo model, and the documents of Envoy
 * @param java the Java runtime of these jars
 * @param cache programs that were downloaded or built
 */
public record Layout(Path root, Path app, Path java, Path cache) {
  /** The properties with the first two folders, which the launcher sets. */
  public static final String ROOT = "chowder-tool.root";

  public static final String APP = "chowder-tool.app";

  private static final Set<String> SCRIPTS = Set.of("up", "down");

  /** Returns the folders of this process. */
  public static Layout of(Variables variables) {
    return new Layout(
        Path.of(required(ROOT)),
        Path.of(required(APP)),
        Path.of(required("java.home")),
        Path.of(variables.get("CHOWDER_CACHE")));
  }

  private static String required(String property) {
    var value = System.getProperty(property);
    if (value == null) throw new IllegalStateException("the launcher did not set " + property);
    return value;
  }

  /** Returns whether the programs have their own Java runtime and Envoy (scripts/release). */
  public boolean isRelease() {
    return app.equals(root.resolve("app"));
  }

  /** Returns the class path of the simulator, which a release does not contain. */
  public String simulator() {
    return app.resolve("simulator") + "/*";
  }

  /** Returns the program that starts a JVM. */
  public Path jvm() {
    return java.resolve("bin/java");
  }

  /**
   * Returns how a user enters a command here.
   *
   * @param words the command with its arguments, such as {@code up --zram}
   * @param variables with the user's {@code PATH}
   */
  public String command(String words, Map<String, String> variables) {
    var name = words.split(" ", 2)[0];
    if (!isRelease()) return "scripts/" + (SCRIPTS.contains(name) ? words : "chowder " + words);
    return (isOnPath(variables) ? "chowder" : quoted(root.resolve("bin/chowder"))) + " " + words;
  }

  private boolean isOnPath(Map<String, String> variables) {
    for (var folder : variables.getOrDefault("PATH", "").split(":", -1)) {
      var program = Path.of(folder).resolve("chowder");
      if (!Files.isExecutable(program)) continue;
      try {
        return program.toRealPath().equals(root.resolve("scripts/chowder").toRealPath());
      } catch (IOException gone) {
        return false;
      }
    }
    return false;
  }

  /** Returns a path as one word of a shell. */
  public static String quoted(Path path) {
    return Words.quoted(path.toString());
  }
}
