package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks that docs/SETTINGS.md matches the settings. */
class SettingsDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "SETTINGS.md");
  private static final Pattern KEY = Pattern.compile("chowder(\\.[a-z_-]+)+");

  @Test
  void theDocumentMatchesTheSettings() throws IOException {
    var text = text();
    if (Boolean.getBoolean("chowder-tool.update-docs")) Files.writeString(DOCUMENT, text);
    assertThat(DOCUMENT)
        .as("run this test with -Dchowder-tool.update-docs=true, and read the difference")
        .hasContent(text);
  }

  /** A link or a reader finds one table for a heading. */
  @Test
  void eachHeadingIsUnique() throws IOException {
    assertThat(text().lines().filter(line -> line.startsWith("#")))
        .hasSizeGreaterThan(20)
        .doesNotHaveDuplicates();
  }

  /** A page must not tell users to change a setting that any version may remove. */
  @Test
  void pagesForUsersNamePublicSettingsOnly() throws IOException {
    var pages = new ArrayList<>(List.of(Path.of("..", "README.md")));
    for (var folder : List.of("api", "operations")) {
      try (var files = Files.list(DOCUMENT.resolveSibling(folder))) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    for (var name : List.of("ADMIN", "CLI", "COMPATIBILITY", "OPERATOR", "REST")) {
      pages.add(DOCUMENT.resolveSibling(name + ".md"));
    }
    var internal = settings().internal();
    assertThat(internal).contains("chowder.pool.boot-delay").hasSizeGreaterThan(200);
    for (var page : pages) {
      assertThat(KEY.matcher(Files.readString(page)).results().map(MatchResult::group))
          .as("%s: name the variable of a public setting", page)
          .doesNotContainAnyElementsOf(internal);
    }
  }

  private static SettingsDocument settings() throws IOException {
    return new SettingsDocument(MavenModules.files("src/main/resources/reference.conf"));
  }

  private static String text() throws IOException {
    return settings().text();
  }
}
