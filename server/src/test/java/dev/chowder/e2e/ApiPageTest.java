package dev.chowder.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests that wrong pages are detected, with commands that need no installation. */
class ApiPageTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private static final String BEFORE =
      """
      ```sh
      KEEP=kept
      fresh() { cat /proc/sys/kernel/random/uuid; }
      ```
      """;

  /** Output of every kind. Ids, times and measured numbers differ in each run. */
  private static final String PAGE =
      """
      # A page
      ```sh
      ID=$(fresh)
      printf '{\\n  "id": "%s",\\n  "at": "%s",\\n  "revision": %d,\\n  "name": "one"\\n}\\n' "$ID" "$(date -u +%FT%TZ)" "$RANDOM"
      ```
      ```json
      {
        "id": "01234567-89ab-7def-8123-456789abcdef",
        "at": "2026-01-02T03:04:05.678901Z",
        "revision": 3,
        "name": "one"
      }
      ```
      Again, from the usual place.
      ```sh
      echo "$ID $KEEP from usual:1"
      seq 7; echo '{"raw_key": "chd_sk_'$(printf 'x%.0s' {1..43})'", "key_prefix": "chd_sk_9_-Z"}'
      ```

      ```text
      01234567-89ab-7def-8123-456789abcdef kept from usual:1
      1
      ...
      7
      {"raw_key": "chd_sk_...", "key_prefix": "chd_sk_f3a8"}
      ```
      """;

  @TempDir Path folder;

  @Test
  void everyPageCanBeParsed() throws IOException {
    var files = new ArrayList<>(ApiPage.files());
    files.add(ApiPage.FOLDER.resolve(ApiPage.BEFORE));
    assertThat(files).hasSizeGreaterThan(1);
    for (var file : files) assertThat(ApiPage.read(file).steps()).isNotEmpty();
  }

  @Test
  void aCorrectPagePasses() throws IOException {
    assertThat(run(PAGE).complaints()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"name\": \"one\"    | \"name\": \"two\"",
        "\"revision\": 3      | \"revisions\": 3",
        "\"revision\": 3      | \"revision\": \"3\"",
        "2026-01-02T         | 2026-01-02 ",
        "kept from           | lost from",
        "7                   | 8",
        "\"chd_sk_...\"        | \"chd_org_...\"",
        "\"chd_sk_f3a8\"       | \"chd_sk_f3\""
      })
  void changedOutputIsDetected(String shown, String changed) throws IOException {
    int last = PAGE.lastIndexOf(shown);
    var text = PAGE.substring(0, last) + changed + PAGE.substring(last + shown.length());
    assertThat(run(text).complaints())
        .singleElement()
        .asString()
        .startsWith("page.md:")
        .contains("differs");
  }

  @Test
  void aDifferentIdIsDetected() throws IOException {
    assertThat(run(PAGE.replace("echo \"$ID $KEEP", "echo \"$(fresh) $KEEP")).complaints())
        .singleElement()
        .asString()
        .startsWith("page.md:15: line 1 of the answer differs");
  }

  @Test
  void oneIdInPlaceOfTwoIsDetected() throws IOException {
    var page = "```sh\nONE=$(fresh)\necho \"$ONE $ONE\"\n```\n```text\n%s %s\n```\n";
    var one = UUID.randomUUID();
    assertThat(run(page.formatted(one, one)).complaints()).isEmpty();
    assertThat(run(page.formatted(one, UUID.randomUUID())).complaints()).hasSize(1);
    var repeated = page.formatted(one, one) + "```sh\necho $ONE\n```\n```text\n%s\n```\n";
    assertThat(run(repeated.formatted(one)).complaints()).isEmpty();
    assertThat(run(repeated.formatted(UUID.randomUUID())).complaints()).hasSize(1);
  }

  @Test
  void keysAreNotShownInDifferences() throws IOException {
    assertThat(run(PAGE.replace("\"chd_sk_f3a8\"", "\"none\"")).complaints())
        .singleElement()
        .asString()
        .contains("chd_sk_...")
        .doesNotContain("xxx");
  }

  @Test
  void missingOutputIsDetected() throws IOException {
    assertThat(run(PAGE + "```sh\necho more\n```\n").complaints())
        .singleElement()
        .asString()
        .startsWith("page.md:27: the answer has more lines");
    assertThat(run(PAGE.replace("\n7\n", "\n6\n7\n").replace("...\n", "")).complaints()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "false | cat", "echo $NOT_SET", "exit 0", "if"})
  void aFailingCommandEndsThePageAndIsNamed(String command) throws IOException {
    var result = run("```sh\ntrue\n```\n```sh\n" + command + "\n```\n```sh\necho after\n```\n");
    assertThat(result.failure().orElseThrow()).startsWith("page.md:4: fails");
    assertThat(result.complaints()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "```text\nanswers nothing\n```\n",
        "```sh\ntrue\n```\n```json\n{}\n```\n```json\n{}\n```\n",
        "```sh\ntrue\n```\n```python\n1\n```\n",
        "```sh\ntrue\n",
        "- ```sh\n  false\n  ```\n",
        "no command\n"
      })
  void partsThatAreNeitherRunNorComparedAreRejected(String text) {
    assertThatThrownBy(() -> ApiPage.of(Path.of("page.md"), text))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("page.md");
  }

  @Test
  void recordedOutputPassesTheNextRunAndHoldsNoKey() throws IOException {
    Path file = folder.resolve("page.md");
    var wrong =
        PAGE.replace("\"name\": \"one\"\n}", "\"name\": \"two\"\n}").replace("kept from", "");
    var page = page(Files.writeString(file, wrong));
    var recorded = page.run(fresh(), LIMIT);
    assertThat(recorded.complaints()).hasSize(2);
    page.write(recorded.answers());
    assertThat(page(file).run(fresh(), LIMIT).complaints()).isEmpty();
    assertThat(Files.readString(file))
        .contains("kept from usual:1", "chd_sk_...")
        .doesNotContain("xxx");
  }

  private PageRun.Result run(String text) throws IOException {
    return page(Files.writeString(folder.resolve("page.md"), text)).run(fresh(), LIMIT);
  }

  private static PageRun page(Path file) throws IOException {
    return new PageRun(
        ApiPage.of(Path.of("README.md"), BEFORE),
        ApiPage.read(file),
        Map.of(),
        Map.of("usual:1", "other:2"));
  }

  private Path fresh() throws IOException {
    return Files.createTempDirectory(folder, "run");
  }
}
