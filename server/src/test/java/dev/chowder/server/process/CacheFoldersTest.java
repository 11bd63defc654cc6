package dev.chowder.server.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Tests that {@code scripts/down --purge} removes the cache folders of all scripts. */
class CacheFoldersTest {
  private static final Path SCRIPTS = Path.of("..", "scripts");
  private static final Pattern FOLDER =
      Pattern.compile("\\$CHOWDER_CACHE/([a-z][a-z-]*)(?![.a-z])");
  private static final Pattern REMOVED =
      Pattern.compile("rm -rf \"\\$\\{CHOWDER_CACHE:\\?}\"/\\{([^}]*)}");

  @Test
  void purgingRemovesTheFoldersOfAllScripts() throws IOException {
    var used = used();
    assertThat(used).contains("app", "bench", "bench-jar");
    var purge = REMOVED.matcher(Files.readString(SCRIPTS.resolve("down")));
    assertThat(purge.find()).isTrue();
    assertThat(List.of(purge.group(1).split(",", -1))).containsAll(used);
  }

  private static Set<String> used() throws IOException {
    var names = new TreeSet<String>();
    try (var files = Files.walk(SCRIPTS)) {
      for (var file : files.filter(Files::isRegularFile).toList()) {
        FOLDER.matcher(Files.readString(file)).results().forEach(m -> names.add(m.group(1)));
      }
    }
    return names;
  }
}
