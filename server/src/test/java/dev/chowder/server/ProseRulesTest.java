package dev.chowder.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plants text that breaks a rule, so that {@link ProseTest} does not pass because it is blind. */
class ProseRulesTest {
  private static final Path ROOT = Path.of("..");

  @ParameterizedTest
  @MethodSource("rules")
  void eachRuleFindsItsExample(ProseRule rule) {
    assertThat(rule.in(rule.example())).hasSize(1);
    assertThat(rule.in("/** Returns the rows that a node can read. It does not change them. */"))
        .isEmpty();
  }

  static List<ProseRule> rules() {
    return ProseRule.ALL;
  }

  @ParameterizedTest
  @MethodSource("rules")
  void eachExampleIsFoundInACommentOfJava(ProseRule rule) {
    String example = rule.example();
    var comment = example.startsWith("/**") ? example : "/** x\n * y. " + example + "\n */";
    assertThat(ProseHit.in("A.java", Prose.passages("A.java", comment)))
        .extracting(ProseHit::rule)
        .contains(rule);
  }

  @Test
  void javaHasCommentsAndMessages() {
    var code =
        """
        // One nobody.
        /* Two
         * nobody. */
        int nobody = "nobody".length() + "a \\" nobody".length();
        """;
    assertThat(found("actors/src/main/java/A.java", code))
        .containsExactly("COMMENT 1", "COMMENT 3", "MESSAGE 4");
    assertThat(found("actors/src/test/java/A.java", code))
        .containsExactly("COMMENT 1", "COMMENT 3");
    assertThat(found("image/a.mjs", code)).hasSize(3);
    assertThat(found("proto/a.proto", code)).hasSize(3);
  }

  @Test
  void aStringMayContainTheSignsOfAComment() {
    assertThat(found("A.java", "f(\"http://x\"); int nobody = \"/*\".length();")).isEmpty();
  }

  @Test
  void aLongTextBlockIsOneMessage() {
    var block = "\"\"\"\n" + "x \\\" y\n".repeat(20_000) + "nobody\n\"\"\"";
    assertThat(found("A.java", block)).containsExactly("MESSAGE 20002");
  }

  @Test
  void markdownIsTextOutsideOfCode() {
    var text =
        """
        ```sh
        nobody
        ```
        `nobody` is nobody.
        """;
    assertThat(found("docs/page.md", text)).containsExactly("DOCUMENT 4");
  }

  @ParameterizedTest
  @MethodSource("filesWithHashes")
  void scriptsAndSettingsHaveCommentsAndMessages(String file) {
    var text =
        """

          # One nobody.
        nobody=1
        -- Two nobody.
        die "nobody"; say "nobody here"
        """;
    assertThat(found(file, text))
        .containsExactly("COMMENT 2", "COMMENT 4", "MESSAGE 5", "MESSAGE 5");
  }

  static List<String> filesWithHashes() {
    return List.of("scripts/up", "image/build", "a.sh", "a.conf", "a.yaml", "db/V1__a.sql");
  }

  @Test
  void otherFilesHaveNoProse() {
    assertThat(found("a.json", "// nobody")).isEmpty();
  }

  @Test
  void usersReadDocumentsAndMessages() {
    assertThat(isPublic("docs/adr/0001.md", "nobody")).isTrue();
    assertThat(isPublic("proto/a.proto", "// nobody")).isTrue();
    assertThat(isPublic("scripts/up", "die \"nobody\"")).isTrue();
    assertThat(isPublic("server/src/main/java/A.java", "f(\"nobody is\")")).isTrue();
    assertThat(isPublic("server/src/main/java/A.java", "// nobody")).isFalse();
    assertThat(isPublic("scripts/up", "# nobody")).isFalse();
  }

  @Test
  void allFilesOfTheRepositoryAreReadExceptGeneratedOnes() throws IOException {
    var files = Prose.files(ROOT);
    assertThat(files)
        .contains("README.md", "scripts/up", "docs/ARCHITECTURE.md")
        .contains("server/src/main/resources/reference.conf")
        .anyMatch(file -> file.endsWith("/DocumentsTest.java"))
        .anyMatch(file -> file.endsWith("/instance_service.proto"))
        .doesNotContain("docs/REST.md", "docs/SETTINGS.md", "docs/LIFECYCLE.md", "LICENSE");
    assertThat(Prose.walked(ROOT)).containsAll(files).noneMatch(file -> file.contains("/target/"));
  }

  /** Returns kind and line of each hit. */
  private static List<String> found(String file, String text) {
    return ProseHit.in(file, Prose.passages(file, text))
        .map(hit -> hit.kind() + " " + hit.line())
        .toList();
  }

  private static boolean isPublic(String file, String text) {
    return ProseHit.in(file, Prose.passages(file, text)).findFirst().orElseThrow().isPublic();
  }
}
