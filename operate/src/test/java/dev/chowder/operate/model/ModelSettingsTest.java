package dev.chowder.operate.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.chowder.base.Sha256;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.operate.site.TestSite;
import dev.chowder.program.Program;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tests the settings of the model. Their hash must be that of earlier versions, which computed it
 * with jq. Otherwise a start after an upgrade would undo later changes of users.
 */
@Timeout(60)
class ModelSettingsTest {
  /** Characters that JSON writers treat differently. */
  private static final String SPECIAL =
      "a\"b\\c\\u2028 \u00e9\u4e2d\ud83d\ude00 <b>&='/ \u2028\u2029\u007f\u0080\u00a0\ufeff"
          + " \u0001\u001f\b\t\n"
          + "\f\r";

  /** The text that jq prints for {@link #SPECIAL}. */
  private static final String ESCAPED =
      "a\\\"b\\\\c\\\\u2028 \u00e9\u4e2d\ud83d\ude00 <b>&='/ \u2028\u2029\\u007f\u0080\u00a0\ufeff"
          + " \\u0001\\u001f\\b\\t\\n"
          + "\\f\\r";

  private static final String KEYS =
      """
      {anthropic: env.ANTHROPIC_API_KEY, openai: env.OPENAI_API_KEY, gemini: env.GEMINI_API_KEY}
        | with_entries(select((.value // "") != "")) | if . == {} then {} else {model_api_keys: .} end
      """;

  private static final String CUSTOM =
      """
      if (env.CHOWDER_MODEL_BASE_URL // "") == "" then {} else
        {model_endpoints: {custom: {base_url: env.CHOWDER_MODEL_BASE_URL, model: env.CHOWDER_MODEL}}}
        + (if env.CHOWDER_MODEL_KEY == "" then {} else {model_api_keys: {custom: env.CHOWDER_MODEL_KEY}} end) end
      """;

  private static final String DEMO =
      """
      {model_endpoints: {custom: {base_url: "http://localhost:\\(env.CHOWDER_DEMO_MODEL_PORT)/v1", model: "demo"}}}
      """;

  @TempDir private Path folder;

  @Test
  void keysOfAllProvidersAreSet() {
    var keys =
        Map.of("GEMINI_API_KEY", "g", "ANTHROPIC_API_KEY", SPECIAL, "OPENAI_API_KEY", "sk-proj_1");
    for (var choice :
        new ModelChoice[] {ModelChoice.ANTHROPIC, ModelChoice.OPENAI, ModelChoice.GEMINI}) {
      assertThat(text(choice, keys))
          .isEqualTo(
              "{\"model_api_keys\":{\"anthropic\":\"%s\",\"openai\":\"sk-proj_1\",\"gemini\":\"g\"}}"
                  .formatted(ESCAPED));
    }
    assertThat(text(ModelChoice.OPENAI, Map.of("OPENAI_API_KEY", "o", "GEMINI_API_KEY", "")))
        .isEqualTo("{\"model_api_keys\":{\"openai\":\"o\"}}");
    // The provider of an earlier start, without its key.
    assertThat(text(ModelChoice.GEMINI, Map.of())).isEqualTo("{}");
  }

  @Test
  void aCustomModelHasItsKeyOnlyIfThereIsOne() {
    var endpoint =
        "\"model_endpoints\":{\"custom\":{\"base_url\":\"http://localhost:11434/v1?a=<b>&c\",\"model\":\"%s\"}}";
    var variables =
        Map.of(
            "CHOWDER_MODEL_BASE_URL", "http://localhost:11434/v1?a=<b>&c", "CHOWDER_MODEL", "q:7b");
    assertThat(text(ModelChoice.CUSTOM, variables))
        .isEqualTo("{%s}".formatted(endpoint.formatted("q:7b")));
    assertThat(text(ModelChoice.CUSTOM, with(variables, Map.of("CHOWDER_MODEL_KEY", SPECIAL))))
        .isEqualTo(
            "{%s,\"model_api_keys\":{\"custom\":\"%s\"}}"
                .formatted(endpoint.formatted("q:7b"), ESCAPED));
    assertThat(text(ModelChoice.CUSTOM, Map.of())).isEqualTo("{}");
  }

  @Test
  void theDemoModelIsOnItsPort() {
    assertThat(text(ModelChoice.DEMO, Map.of("CHOWDER_DEMO_MODEL_PORT", "19092")))
        .isEqualTo(
            "{\"model_endpoints\":{\"custom\":{\"base_url\":\"http://localhost:19092/v1\",\"model\":\"demo\"}}}");
  }

  @Test
  void textAndHashAreThoseOfJq() {
    assumeThat(Program.onPath("jq")).isPresent();
    assertSameAsJq(ModelChoice.ANTHROPIC, KEYS, Map.of("ANTHROPIC_API_KEY", SPECIAL));
    assertSameAsJq(ModelChoice.GEMINI, KEYS, Map.of("GEMINI_API_KEY", "g", "OPENAI_API_KEY", "o"));
    assertSameAsJq(
        ModelChoice.CUSTOM,
        CUSTOM,
        Map.of(
            "CHOWDER_MODEL_BASE_URL", SPECIAL, "CHOWDER_MODEL", SPECIAL, "CHOWDER_MODEL_KEY", "k"));
    assertSameAsJq(ModelChoice.DEMO, DEMO, Map.of("CHOWDER_DEMO_MODEL_PORT", "9092"));
  }

  private void assertSameAsJq(ModelChoice choice, String filter, Map<String, String> variables) {
    var printed =
        Program.of("jq", "-nc", filter)
            .with(with(Map.of("LC_ALL", "C.UTF-8"), variables))
            .run()
            .output();
    var settings = settings(choice, variables);
    var json = settings.json();
    assertThat(settings.text(json) + "\n").isEqualTo(printed);
    assertThat(settings.digest(json)).hasSize(32).isEqualTo(Sha256.hex(printed).substring(0, 32));
  }

  @Test
  void theHashIsThatOfEarlierVersions() {
    var settings = settings(ModelChoice.DEMO, Map.of());
    assertThat(settings.digest(settings.json())).isEqualTo("c02e25385c3787ce6062c3158733c4e4");
  }

  @Test
  void onlyUrlsOfThisMachineHavePorts() {
    assertPort("http://localhost", 80);
    assertPort("https://localhost/v1", 443);
    assertPort("HTTPS://LocalHost./v1", 443);
    assertPort("http://localhost:11434/v1", 11434);
    assertPort("http://localhost.:8000", 8000);
    for (var url :
        new String[] {
          "",
          "http://localhost.example/v1",
          "http://localhost:/v1",
          "http://127.0.0.1:11434/v1",
          "ftp://localhost/v1",
          "xhttp://localhost/v1",
          "https://api.example.com/localhost"
        }) {
      assertThat(ModelSettings.portOfThisMachine(url)).as(url).isEmpty();
    }
    assertThatThrownBy(() -> ModelSettings.portOfThisMachine("http://localhost:99999999999/v1"))
        .isInstanceOf(CommandException.class)
        .hasMessageStartingWith("CHOWDER_MODEL_BASE_URL: must have a port");
  }

  private static void assertPort(String url, int port) {
    assertThat(ModelSettings.portOfThisMachine(url)).as(url).contains(port);
  }

  private String text(ModelChoice choice, Map<String, String> variables) {
    var settings = settings(choice, variables);
    return settings.text(settings.json());
  }

  private ModelSettings settings(ModelChoice choice, Map<String, String> variables) {
    var none = Map.of("ANTHROPIC_API_KEY", "", "OPENAI_API_KEY", "", "GEMINI_API_KEY", "");
    return new ModelSettings(TestSite.in(folder, with(none, variables)).site(), choice);
  }

  private static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
    var all = new HashMap<>(some);
    all.putAll(more);
    return all;
  }
}
