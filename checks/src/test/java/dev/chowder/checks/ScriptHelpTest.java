package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that scripts for contributors print their help without a build. */
class ScriptHelpTest {
  @TempDir private Path cache;

  @ParameterizedTest
  @ValueSource(strings = {"bench", "lines", "pin-images", "release", "test", "test-faults"})
  void theHelpIsTheCommentOfTheScript(String name) throws IOException {
    var script = Project.here().file("scripts/" + name);
    var program =
        Program.of(script.toString(), "--help").with("CHOWDER_CACHE", cache.toString()).run();
    var comment =
        Files.readAllLines(script).stream()
            .skip(1)
            .takeWhile(line -> line.startsWith("#"))
            .map(line -> line.replaceFirst("# ?", ""));
    assertThat(program.output().lines()).containsExactlyElementsOf(comment.toList());
    assertThat(cache).isEmptyDirectory();
  }
}
