package dev.chowder.server.process;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The simulator for nodes that are processes of their own. It is not on their class path, as in an
 * installation: they load it from the class path of the tests.
 */
public final class SimulatorClasses {
  private SimulatorClasses() {}

  /**
   * Returns the environment of a node with simulated sandboxes.
   *
   * @param sandboxes the folder of the sandboxes, which outlives the node and which several nodes
   *     share
   */
  public static Map<String, String> environment(Path sandboxes) {
    return Map.of(
        "CHOWDER_SANDBOX_ENGINE",
        "simulated",
        "CHOWDER_SANDBOX_SIMULATOR",
        classPath(),
        "CHOWDER_FAKE_SANDBOXES",
        sandboxes.toString());
  }

  /** Returns the class path without test classes. The node ignores what it has itself. */
  private static String classPath() {
    var entries = Objects.requireNonNull(System.getProperty("java.class.path"));
    return Arrays.stream(entries.split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty() && !entry.contains("test-classes"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}
