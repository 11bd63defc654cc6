package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Checks that docs/SETTINGS.md matches the settings. */
class SettingsDocumentTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "SETTINGS.md");

  /** Keys and sections in a text. Labels such as dev.chowder.instance and defaults are neither. */
  private static final Pattern KEY = Pattern.compile("(?<![a-z.{])chowder(\\.[a-z_-]+)+");

  /** The last part of a key, as descriptions of other settings name it. */
  private static final Pattern NAME = Pattern.compile("(?<![\\w.-])[a-z]+(-[a-z]+)+(?![\\w-])");

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
    for (var name :
        List.of("ADMIN", "CLI", "COMPATIBILITY", "LIFECYCLE", "OPERATOR", "REST", "SETTINGS")) {
      pages.add(DOCUMENT.resolveSibling(name + ".md"));
    }
    var internal = internalKeysAndSections();
    assertThat(internal)
        .contains("chowder.pool.boot-delay", "chowder.effect.restart")
        .hasSizeGreaterThan(200);
    for (var page : pages) {
      assertThat(KEY.matcher(Files.readString(page)).results().map(MatchResult::group))
          .as("%s: name the variable of a public setting", page)
          .doesNotContainAnyElementsOf(internal);
    }
  }

  @Test
  void descriptionsNamePublicSettingsOnly() throws IOException {
    var internal = lastParts(settings().internal());
    internal.removeAll(lastParts(settings().published()));
    assertThat(internal).contains("restart-window").doesNotContain("max-restarts");
    assertThat(NAME.matcher(text()).results().map(MatchResult::group))
        .as("write the value of an internal setting")
        .doesNotContainAnyElementsOf(internal);
  }

  private static Set<String> internalKeysAndSections() throws IOException {
    var internal = sections(settings().internal());
    internal.removeAll(sections(settings().published()));
    internal.addAll(settings().internal());
    return internal;
  }

  /** Returns all sections of the keys but {@code chowder} itself. */
  private static Set<String> sections(Set<String> keys) {
    var sections = new TreeSet<String>();
    for (var key : keys) {
      for (int end = key.lastIndexOf('.'); end > 0; end = key.lastIndexOf('.', end - 1)) {
        sections.add(key.substring(0, end));
      }
    }
    sections.remove("chowder");
    return sections;
  }

  private static Set<String> lastParts(Set<String> keys) {
    return keys.stream()
        .map(key -> key.substring(key.lastIndexOf('.') + 1))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static SettingsDocument settings() throws IOException {
    return new SettingsDocument(MavenModules.files("src/main/resources/reference.conf"));
  }

  private static String text() throws IOException {
    return settings().text();
  }
}
