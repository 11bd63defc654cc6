package dev.chowder.checks;

import static dev.chowder.checks.Ran.assertFound;
import static dev.chowder.checks.Ran.assertSucceeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the unit tests of the bench's Python code, with the packages that its charts need. */
class BenchPythonCheck {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final Project PROJECT = Project.here();

  private static Path python;

  @TempDir private Path folder;

  @BeforeAll
  static void install() {
    python = CheckPrograms.benchPython(PROJECT).resolve("python");
  }

  @Test
  void theUnitTestsOfTheBenchPass() {
    var result = unittest(PROJECT.file("bench/tests"));
    assertSucceeded(result);
    assertThat(result.errors()).containsPattern("Ran [1-9][0-9]* tests");
  }

  @Test
  void aFailedTestIsFound() throws IOException {
    Files.writeString(
        folder.resolve("test_planted.py"),
        """
        import unittest


        class Planted(unittest.TestCase):
            def test(self):
                self.fail("planted")
        """);
    assertFound(unittest(folder), "planted");
  }

  private static Program.Result unittest(Path tests) {
    return Program.of(python.toString(), "-m", "unittest", "discover", "-s", tests.toString())
        .with("PYTHONPATH", PROJECT.file("bench").toString())
        .with("PYTHONDONTWRITEBYTECODE", "1")
        .within(LIMIT)
        .attempt();
  }
}
