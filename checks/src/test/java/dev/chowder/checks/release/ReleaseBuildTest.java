package dev.chowder.checks.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.checks.Project;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReleaseBuildTest {
  /** A link to a file, without its anchor. */
  private static final Pattern LINK = Pattern.compile("]\\(([^():#\\s]+)(#[^)]*)?\\)");

  @Test
  void theDocumentsForUsersLinkToFilesOfTheRelease(@TempDir Path stage) throws IOException {
    new ReleaseBuild(Project.here(), stage, "1").putDocuments();
    for (var document : documents(stage)) {
      var links = LINK.matcher(Files.readString(document)).results().map(link -> link.group(1));
      assertThat(links.map(document::resolveSibling).map(Path::normalize))
          .as(document.toString())
          .allSatisfy(file -> assertThat(file).exists());
    }
  }

  private static Iterable<Path> documents(Path stage) throws IOException {
    try (var files = Files.walk(stage)) {
      return files
          .filter(file -> file.toString().endsWith(".md"))
          // It links to sources, which a release does not have.
          .filter(file -> !file.endsWith("CONTRIBUTING.md"))
          .toList();
    }
  }
}
