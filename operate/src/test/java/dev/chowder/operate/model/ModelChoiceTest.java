package dev.chowder.operate.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.cli.failure.CommandException;
import dev.chowder.operate.site.TestSite;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests which model a start configures. */
class ModelChoiceTest {
  private static final Map<String, String> ALL_KEYS =
      Map.of("ANTHROPIC_API_KEY", "a", "OPENAI_API_KEY", "o", "GEMINI_API_KEY", "g");

  @TempDir private Path folder;

  @Test
  void aServerOfTheUserComesBeforeProvidersInTheirOrder() {
    assertThat(choice(ALL_KEYS)).isEqualTo(ModelChoice.ANTHROPIC);
    assertThat(choice(with(ALL_KEYS, "ANTHROPIC_API_KEY", ""))).isEqualTo(ModelChoice.OPENAI);
    assertThat(choice(Map.of("GEMINI_API_KEY", "g"))).isEqualTo(ModelChoice.GEMINI);
    var custom = with(ALL_KEYS, "CHOWDER_MODEL_BASE_URL", "http://localhost:11434/v1");
    assertThat(choice(with(custom, "CHOWDER_MODEL", "qwen"))).isEqualTo(ModelChoice.CUSTOM);
    assertThatThrownBy(() -> choice(custom))
        .isInstanceOf(CommandException.class)
        .hasMessage(
            "CHOWDER_MODEL: must be the name of a model at CHOWDER_MODEL_BASE_URL; it is not set");
  }

  @Test
  void withoutVariablesTheChoiceOfTheLastStartStays() throws IOException {
    assertThat(choice(Map.of())).isEqualTo(ModelChoice.DEMO);
    for (var choice : ModelChoice.values()) {
      remember(choice.label());
      assertThat(choice(Map.of())).isEqualTo(choice);
      assertThat(choice(Map.of("OPENAI_API_KEY", "o"))).isEqualTo(ModelChoice.OPENAI);
    }
    remember("mistral");
    assertThatThrownBy(() -> choice(Map.of()))
        .isInstanceOf(CommandException.class)
        .hasMessage(
            "model provider: must be anthropic, openai, gemini, custom or demo; got mistral");
  }

  @Test
  void theDemoModelIsACustomOneInTheApi() {
    assertThat(ModelChoice.DEMO.provider()).isEqualTo("custom");
    assertThat(ModelChoice.CUSTOM.provider()).isEqualTo("custom");
    assertThat(ModelChoice.ANTHROPIC.provider()).isEqualTo("anthropic");
  }

  private void remember(String label) throws IOException {
    var home = Files.createDirectories(folder.resolve("home"));
    Files.writeString(home.resolve("model-provider"), label + "\n");
  }

  private ModelChoice choice(Map<String, String> variables) {
    var all = new HashMap<String, String>();
    ALL_KEYS.keySet().forEach(name -> all.put(name, ""));
    all.putAll(variables);
    return ModelChoice.of(TestSite.in(folder, all).site());
  }

  private static Map<String, String> with(Map<String, String> some, String name, String value) {
    var all = new HashMap<>(some);
    all.put(name, value);
    return all;
  }
}
