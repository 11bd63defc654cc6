package dev.chowder.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/** The Maven modules of the project, in the order of their build. */
final class MavenModules {
  private static final Path ROOT = Path.of("..");
  private static final Pattern MODULE = Pattern.compile("<module>([\\w-]+)</module>");

  private MavenModules() {}

  /** Returns the names of all modules, which are also their folders. */
  static List<String> names() throws IOException {
    return MODULE
        .matcher(Files.readString(ROOT.resolve("pom.xml")))
        .results()
        .map(m -> m.group(1))
        .toList();
  }

  /** Returns the files with this path inside a module, of all modules that have one. */
  static List<Path> files(String path) throws IOException {
    return names().stream()
        .map(name -> ROOT.resolve(name).resolve(path))
        .filter(Files::exists)
        .toList();
  }
}
