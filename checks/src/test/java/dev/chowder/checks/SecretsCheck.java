package dev.chowder.checks;

import static dev.chowder.checks.Ran.assertSucceeded;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.program.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Searches all tracked files for secrets: common ones with detect-secrets, and Chowder's keys by
 * their format. {@code .secrets.baseline} lists the hashes of accepted matches that are not
 * secrets. {@code -Dchowder-tool.secrets.accept=true} rewrites it: read the difference before you
 * commit it. Does not search the history.
 */
class SecretsCheck {
  private static final String BASELINE = ".secrets.baseline";

  /** The search takes 100 s on two processors, and longer beside other tests. */
  private static final Duration LIMIT = Duration.ofMinutes(20);

  private static final String REMEDY =
      "If a match is not a secret, run this check with -Dchowder-tool.secrets.accept=true and give"
          + " the reason in the commit.";

  /** The tool updates outdated line numbers of its baseline, and then ends with this code. */
  private static final int UPDATED = 3;

  /**
   * The format of KeyText and TokenFile. Keys in tests repeat one character or consist of words.
   */
  private static final String OWN_KEYS =
      "chd_(org|sk|op|envoy)_[A-Za-z0-9_-]{43}($|[^A-Za-z0-9_-])";

  private static final Project PROJECT = Project.here();
  private static Path tool;

  @TempDir private Path folder;

  @BeforeAll
  static void install() {
    tool = CheckPrograms.detectSecrets(PROJECT);
    if (Boolean.getBoolean("chowder-tool.secrets.accept")) accept();
  }

  /** Disables the entropy checks, because this repository has many ids, hashes and golden bytes. */
  private static void accept() {
    var scan =
        Program.of(tool.resolve("detect-secrets").toString(), "scan")
            .and("--disable-plugin", "Base64HighEntropyString")
            .and("--disable-plugin", "HexHighEntropyString")
            .and("--exclude-files", "^\\.secrets\\.baseline")
            .in(PROJECT.root())
            .within(LIMIT)
            .run();
    try {
      Files.writeString(PROJECT.file(BASELINE), scan.output());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  @Test
  void noTrackedFileHasASecret() throws IOException {
    var files =
        List.of(git("ls-files", "-z", "--", ".", ":!" + BASELINE).run().output().split("\0", -1));
    assertThat(files).hasSizeGreaterThan(1);
    var result = search(files.stream().filter(file -> !file.isEmpty()).toList());
    if (result.exit() == UPDATED) return;
    assertThat(result.exit()).as("%s%s%s", result.output(), result.errors(), REMEDY).isZero();
  }

  @Test
  void noTrackedFileHasAKeyOfChowder() {
    var result = git("grep", "-nIE", OWN_KEYS, "--", ".").attempt();
    assertThat(result.output()).as(REMEDY).isEmpty();
    // No line was found, and git did not fail.
    assertThat(result.exit()).as(result.errors()).isEqualTo(1);
  }

  /** The secret is assembled here, so that this file contains none. */
  @Test
  void aKeyOfAmazonIsFound() throws IOException {
    assertIsFound("aws_access_key_id = \"AKIA%s\"\n".formatted("IOSFODNN7EXAMPLQ"));
  }

  @Test
  void aPrivateKeyIsFound() throws IOException {
    assertIsFound("-----BEGIN %s PRIVATE KEY-----\n".formatted("RSA"));
  }

  private void assertIsFound(String secret) throws IOException {
    var file = folder.resolve("planted.txt");
    Files.writeString(file, secret);
    Ran.assertFound(search(List.of(file.toString())), "Secret Type");
  }

  @Test
  void aKeyOfChowderIsFound() throws IOException {
    Files.writeString(
        folder.resolve("planted.txt"), "chd_%s_%s\n".formatted("org", "a".repeat(43)));
    assertSucceeded(
        Program.of("git", "grep", "--no-index", "-nIE", OWN_KEYS, "--", ".").in(folder).attempt());
  }

  /** Uses a copy of the baseline, because the tool may update it. */
  private Program.Result search(List<String> files) throws IOException {
    var baseline = folder.resolve("baseline");
    Files.copy(PROJECT.file(BASELINE), baseline, StandardCopyOption.REPLACE_EXISTING);
    return Program.of(tool.resolve("detect-secrets-hook").toString())
        .and("--baseline", baseline.toString())
        .and(files.toArray(String[]::new))
        .in(PROJECT.root())
        .within(LIMIT)
        .attempt();
  }

  private static Program git(String... arguments) {
    return Program.of("git").and(arguments).in(PROJECT.root());
  }
}
