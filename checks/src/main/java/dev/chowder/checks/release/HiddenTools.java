package dev.chowder.checks.release;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Finds the folders of all JDKs and of Maven on this machine, which a release must not need.
 *
 * @param home the folder of the user
 */
record HiddenTools(Path home) {
  static final List<String> PROGRAMS = List.of("java", "javac", "mvn");

  /** The folders in which installers put JDKs. */
  private static final List<String> SYSTEM = List.of("/usr/lib/jvm", "/usr/java", "/opt");

  private static final List<String> OF_USER =
      List.of(
          ".sdkman/candidates/java",
          ".asdf/installs/java",
          ".jdks",
          ".local/share/mise/installs/java",
          ".jenv/versions",
          ".jabba/jdk",
          ".gradle/jdks");

  /** Returns the folders, and Maven's repository if there is one. */
  List<Path> folders() throws IOException {
    var found = new TreeSet<Path>();
    for (var parent : SYSTEM) addChildren(Path.of(parent), found);
    for (var parent : OF_USER) addChildren(home.resolve(parent), found);
    for (var program : PROGRAMS) {
      var place = Program.of("sh", "-c", "readlink -f \"$(command -v \"$0\")\"", program);
      var result = place.attempt();
      if (result.succeeded() && !result.text().isEmpty()) {
        addIfTool(Path.of(result.text()).resolve("../..").normalize(), found);
      }
    }
    var repository = home.resolve(".m2");
    if (Files.isDirectory(repository)) found.add(repository);
    return new ArrayList<>(found);
  }

  private static void addChildren(Path parent, TreeSet<Path> found) throws IOException {
    if (!Files.isDirectory(parent)) return;
    try (var children = Files.list(parent)) {
      for (var child : children.toList()) {
        if (Files.isDirectory(child)) addIfTool(child.toRealPath(), found);
      }
    }
  }

  private static void addIfTool(Path folder, TreeSet<Path> found) {
    if (PROGRAMS.stream().anyMatch(name -> Files.isExecutable(folder.resolve("bin/" + name)))) {
      found.add(folder);
    }
  }
}
