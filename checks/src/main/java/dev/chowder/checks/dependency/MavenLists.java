package dev.chowder.checks.dependency;

import dev.chowder.checks.Maven;
import dev.chowder.checks.Project;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The lists of runtime packages of the shipped modules, which a plugin of Maven writes. */
final class MavenLists {
  private static final String PLUGIN = "org.cyclonedx:cyclonedx-maven-plugin:2.9.3:makeBom";

  /**
   * One list each, because a common one also has versions that dependency mediation replaces in the
   * shipped modules.
   */
  private static final List<String> MODULES = List.of("server", "simulator", "demo-model", "cli");

  private static final Duration LIMIT = Duration.ofMinutes(15);

  private MavenLists() {}

  /** Returns the lists, in the format CycloneDX. Maven writes them again if a POM has changed. */
  static List<Path> of(Project project) {
    var folder =
        project.cached("dependencies").only(key(project), "complete", to -> write(project, to));
    return MODULES.stream().map(module -> folder.resolve(module + ".json")).toList();
  }

  private static String key(Project project) {
    try (Stream<Path> modules = Files.list(project.root())) {
      var poms =
          Stream.concat(Stream.of(project.root()), modules)
              .map(module -> module.resolve("pom.xml"))
              .filter(Files::isRegularFile)
              .map(pom -> project.root().relativize(pom).toString());
      var writer = "checks/src/main/java/dev/chowder/checks/dependency/MavenLists.java";
      return project.contentKey(Stream.concat(poms, Stream.of(writer)).toArray(String[]::new));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private static void write(Project project, Path folder) throws IOException {
    new Maven(project.root())
        .run(
            "list the runtime packages",
            LIMIT,
            PLUGIN,
            "-DincludeTestScope=false",
            "-DincludeProvidedScope=false",
            "-DincludeSystemScope=false",
            "-DoutputFormat=json",
            "-DoutputName=packages");
    for (var module : MODULES) {
      Files.copy(
          project.file(module + "/target/packages.json"),
          folder.resolve(module + ".json"),
          StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
