package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Checks that docs/SETTINGS.md matches the settings. */
class SettingsDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "SETTINGS.md");

  @Test
  void theDocumentMatchesTheSettings() throws IOException {
    var text = text();
    if (Boolean.getBoolean("chowder.update-docs")) Files.writeString(DOCUMENT, text);
    assertThat(DOCUMENT)
        .as("run this test with -Dchowder.update-docs=true, and read the difference")
        .hasContent(text);
  }

  /** A link or a reader finds one table for a heading. */
  @Test
  void eachHeadingIsUnique() throws IOException {
    assertThat(text().lines().filter(line -> line.startsWith("#")))
        .hasSizeGreaterThan(30)
        .doesNotHaveDuplicates();
  }

  private static String text() throws IOException {
    return new SettingsDocument(MavenModules.files("src/main/resources/reference.conf")).text();
  }
}
