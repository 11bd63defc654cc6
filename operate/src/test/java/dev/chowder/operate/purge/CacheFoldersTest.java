package dev.chowder.operate.purge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Tests that a purge removes the cache folders of all scripts, of the installation's code, of the
 * programs for tests, of the checks of the whole project and of the end-to-end tests.
 */
class CacheFoldersTest {
  private static final Path ROOT = Path.of("..");
  private static final Path SCRIPTS = ROOT.resolve("scripts");
  private static final List<Path> CLASSES =
      List.of(
          ROOT.resolve("base/src/test"),
          ROOT.resolve("checks/src"),
          ROOT.resolve("envoy/src/main"),
          ROOT.resolve("operate/src/main"),
          ROOT.resolve("server/src/test/java/dev/chowder/e2e"));
  private static final Pattern FOLDER =
      Pattern.compile("\\$CHOWDER_CACHE/([a-z][a-z-]*)(?![.a-z])");

  /** A call of {@code Project.cached}, or a folder of a variable or method {@code cache}. */
  private static final Pattern FOLDER_OF_CLASS =
      Pattern.compile("\\.(?:cached|cache\\(\\)\\s*\\.resolve)\\(\\s*\"([a-z][a-z-]*)\"");

  @Test
  void purgingRemovesTheFoldersOfAllScriptsAndClasses() throws IOException {
    var used = used(SCRIPTS, FOLDER);
    for (var classes : CLASSES) used.addAll(used(classes, FOLDER_OF_CLASS));
    assertThat(used)
        .contains("app", "bench", "bench-jar", "bin", "buf", "client-generators", "openai-client");
    assertThat(Purge.CACHES).containsAll(used);
  }

  private static Set<String> used(Path folder, Pattern name) throws IOException {
    var names = new TreeSet<String>();
    try (var files = Files.walk(folder)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        name.matcher(Files.readString(file)).results().forEach(m -> names.add(m.group(1)));
      }
    }
    return names;
  }
}
