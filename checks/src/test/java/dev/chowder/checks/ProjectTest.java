package dev.chowder.checks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProjectTest {
  @TempDir private Path root;

  @Test
  void theFolderOfTheSourcesIsFound() {
    assertThat(Project.here().file("scripts/test")).isExecutable();
  }

  @Test
  void theKeyDependsOnNamesAndContents() throws IOException {
    var project = new Project(root, root);
    Files.writeString(root.resolve("a"), "x");
    var before = project.contentKey("a");
    assertThat(before).matches("[0-9a-f]{16}");
    Files.writeString(root.resolve("a"), "y");
    assertThat(project.contentKey("a")).isNotEqualTo(before);
    Files.writeString(root.resolve("b"), "x");
    assertThat(project.contentKey("b")).isNotEqualTo(before);
  }
}
