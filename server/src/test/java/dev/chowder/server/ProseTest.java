package dev.chowder.server;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Keeps comments, messages and documents in plain English: they break no rule of {@code
 * prose-rules.txt}.
 */
class ProseTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Path RULES_FILE = Path.of("src", "test", "resources", "prose-rules.txt");

  record Rule(Pattern pattern, String instead, String example) {
    static Rule of(String line) {
      var columns = line.split("\t", -1);
      var pattern = Pattern.compile(columns[0], Pattern.CASE_INSENSITIVE);
      return new Rule(pattern, columns[1], columns[2]);
    }
  }

  static List<Rule> rules() throws IOException {
    return Files.readAllLines(RULES_FILE).stream()
        .filter(line -> !line.startsWith("#"))
        .map(Rule::of)
        .toList();
  }

  @Test
  void noTextBreaksARule() throws IOException {
    var hits = new ArrayList<String>();
    var rules = rules();
    for (var file : Prose.files(ROOT)) {
      hits.addAll(hits(rules, file, Files.readString(ROOT.resolve(file))));
    }
    assertThat(hits).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("rules")
  void eachRuleFindsItsExample(Rule rule) {
    var example = rule.example();
    var comment = example.startsWith("/**") ? example : "/** x\n * y. " + example + "\n */";
    assertThat(hits(List.of(rule), "A.java", comment)).hasSize(1);
    assertThat(hits(List.of(rule), "page.md", "A node can read. It does not.")).isEmpty();
  }

  @Test
  void javaHasCommentsAndMessages() throws IOException {
    var code =
        """
        // One nobody.
        /* Two
         * nobody. */
        int nobody = "nobody".length() + "a \\" nobody".length();
        """;
    assertThat(found("actors/src/main/java/A.java", code)).isEqualTo("1 3 4");
    assertThat(found("actors/src/test/java/A.java", code)).isEqualTo("1 3");
    assertThat(found("image/a.mjs", code)).isEqualTo("1 3 4");
    assertThat(found("proto/a.proto", code)).isEqualTo("1 3 4");
    assertThat(found("A.java", "f(\"http://x\"); int nobody = \"/*\".length();")).isEmpty();
    var block = "\"\"\"\n" + "x \\\" y\n".repeat(20_000) + "nobody\n\"\"\"";
    assertThat(found("A.java", block)).isEqualTo("20002");
  }

  @Test
  void markdownIsTextOutsideOfCode() throws IOException {
    var text = "```sh\nnobody\n```\n`nobody` is nobody.\n";
    assertThat(found("docs/page.md", text)).isEqualTo("4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"scripts/up", "image/build", "a.sh", "a.conf", "a.yaml", "V1__a.sql"})
  void scriptsAndSettingsHaveCommentsAndMessages(String file) throws IOException {
    var text = "x\n  # One nobody.\nnobody=1\n-- nobody.\ndie \"nobody\"; say \"nobody here\"\n";
    assertThat(found(file, text)).isEqualTo("2 4 5 5");
  }

  @Test
  void allFilesAreReadExceptGeneratedOnes() throws IOException {
    assertThat(Prose.files(ROOT))
        .contains("README.md", "scripts/up", "docs/ARCHITECTURE.md", "envoy/envoy.yaml")
        .contains("server/src/main/resources/reference.conf")
        .contains("storage/src/main/resources/db/migration/h2/V1__journal.sql")
        .anyMatch(file -> file.endsWith("/DocumentsTest.java"))
        .anyMatch(file -> file.endsWith("/instance_service.proto"))
        .doesNotContain("docs/REST.md", "docs/SETTINGS.md", "docs/LIFECYCLE.md")
        .noneMatch(file -> file.contains("/target/"));
  }

  /** Returns the lines of the hits of all rules. */
  private static String found(String file, String text) throws IOException {
    return hits(rules(), file, text).stream()
        .map(hit -> hit.split(":", -1)[1])
        .collect(joining(" "));
  }

  private static List<String> hits(List<Rule> rules, String file, String text) {
    var hits = new ArrayList<String>();
    Prose.passages(file, text)
        .forEach(
            passage ->
                rules.forEach(
                    rule ->
                        rule.pattern()
                            .matcher(passage.text())
                            .results()
                            .forEach(
                                found -> {
                                  int line = line(text, passage.start() + found.start());
                                  hits.add(
                                      "%s:%d: \"%s\": write %s"
                                          .formatted(
                                              file, line, found.group().strip(), rule.instead()));
                                })));
    return hits;
  }

  private static int line(String text, int offset) {
    return 1 + (int) IntStream.range(0, offset).filter(i -> text.charAt(i) == '\n').count();
  }
}
