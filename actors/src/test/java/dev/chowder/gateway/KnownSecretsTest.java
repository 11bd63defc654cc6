package dev.chowder.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.gateway.KnownSecrets.Masking;
import dev.chowder.secret.Secret;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KnownSecretsTest {
  private static final String BODY = "aB3dE5fG7h".repeat(4);

  private final Masking masking =
      new Masking(
          List.of(Secret.of("hush+now/later"), Secret.of("two \"lines\"\nof-a-secret-key")));

  @Test
  void aKnownSecretIsMaskedInPlainTextJsonUrlsAndSeparateLines() {
    assertThat(masking.mask("a hush+now/later b")).isEqualTo("a *** b");
    assertThat(masking.mask("?key=hush%2Bnow%2Flater&b")).isEqualTo("?key=***&b");
    assertThat(masking.mask("{\"k\":\"two \\\"lines\\\"\\nof-a-secret-key\"}"))
        .isEqualTo("{\"k\":\"***\"}");
    assertThat(masking.mask("| of-a-secret-key")).isEqualTo("| ***");
  }

  /** Examples of unknown keys are a replaced key that an agent still has, and a skill's key. */
  @Test
  void unknownKeysOfCommonShapesAreMasked() {
    for (var prefix :
        List.of(
            "sk-",
            "sk-ant-",
            "sk-or-v1-",
            "sk_live_",
            "rk_test_",
            "gsk_",
            "xai-",
            "hf_",
            "nvapi-",
            "ghp_",
            "github_pat_",
            "glpat-",
            "AIza",
            "123456789:")) {
      assertThat(masking.mask("401 for " + prefix + BODY + ".")).isEqualTo("401 for ***.");
    }
    assertThat(masking.mask("xoxb-" + BODY + "!")).isEqualTo("***!");
    assertThat(masking.mask("Authorization: Bearer " + BODY + "=="))
        .isEqualTo("Authorization: Bearer ***");
    assertThat(masking.mask("eyJhbGciOiJIUzI1NiJ9." + BODY + ".c2ln")).isEqualTo("***");
    assertThat(masking.mask("jwt_eyJhbGciOiJIUzI1NiJ9." + BODY + ".")).isEqualTo("***");
    assertThat(masking.mask("https://api.telegram.org/bot123456789:" + BODY + "/getMe"))
        .isEqualTo("https://api.telegram.org/bot***/getMe");
  }

  @Test
  void ordinaryTextIsNotMasked() {
    for (var text :
        List.of(
            "Error: listen EADDRINUSE: address already in use 127.0.0.1:18789",
            "at Module._compile (node:internal/modules/cjs/loader:1404:14)",
            "2026-11-27T08:00:00.123Z risk_assessment_of_the_desk-organizer sk-short sk-a-long-name-only",
            "sha256:" + "0123456789abcdef".repeat(4),
            "instance 0190a000-0000-7000-8000-00000000000a ended with exit code 137")) {
      assertThat(masking.mask(text)).isEqualTo(text);
    }
  }

  @Test
  void aLongLineIsMaskedInReasonableTime() {
    var line =
        ("sk-" + "a".repeat(100) + " eyJ" + "b".repeat(100) + "." + " 123456").repeat(20_000);
    var begun = System.nanoTime();
    assertThat(masking.mask(line)).hasSizeGreaterThan(line.length() / 2);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(10));
  }

  /** Otherwise an agent could occupy all processors of a node with one line of its log. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "sk-",
        "sk_live_",
        "eyJ-",
        "eyJ_aaaaaaaaaa-",
        "eyJaaaaaaaaaa.",
        "a.eyJ-eyJaaaaaaaaaa-",
        "gsk_",
        "ghp_aaaaaaaaaaaaaaaaaaa-",
        "xoxb-",
        "AIza-",
        "Bearer ",
        "Bearer aaaaaaaaaaaaaaa ",
        "123456789012:",
        "123456:aaaaaaaaaaaaaaaaaaaaaaaaaaaaa:",
        "-",
        "a",
      })
  void theTimeToMaskIsLinearForAnyText(String part) {
    for (var begin : List.of("", "eyJaaaaaaaaaa.", "sk-", "Bearer ")) {
      var text = new CountedReads(begin + part.repeat(64 * 1024 / part.length()));
      var _ = KnownSecrets.maskShapes(text);
      assertThat(text.reads / text.length()).as("reads of each character").isLessThan(100);
    }
  }

  /** Counts how often the characters of a text are read. */
  private static final class CountedReads implements CharSequence {
    private final String text;
    private long reads;

    CountedReads(String text) {
      this.text = text;
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      reads++;
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
