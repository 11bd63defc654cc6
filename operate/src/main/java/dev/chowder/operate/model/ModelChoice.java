package dev.chowder.operate.model;

import dev.chowder.cli.failure.ExitCode;
import dev.chowder.operate.site.Site;
import dev.chowder.operate.site.Variables;

/** The models that a start can configure, by the variables of the user. */
public enum ModelChoice {
  ANTHROPIC("ANTHROPIC_API_KEY"),
  OPENAI("OPENAI_API_KEY"),
  GEMINI("GEMINI_API_KEY"),
  /** A server that is compatible with OpenAI's. */
  CUSTOM("CHOWDER_MODEL_BASE_URL"),
  /** The demo model of this installation. */
  DEMO("");

  /** The file with the choice of an earlier start. */
  static final String FILE = "model-provider";

  private final String variable;

  ModelChoice(String variable) {
    this.variable = variable;
  }

  /**
   * Returns the choice. Without any variable, it is that of an earlier start, so that the demo
   * model does not replace a real one.
   */
  public static ModelChoice of(Site site) {
    var variables = site.variables();
    if (CUSTOM.isSet(variables)) {
      if (variables.find("CHOWDER_MODEL").isPresent()) return CUSTOM;
      throw ExitCode.USAGE.failure(
          "CHOWDER_MODEL: must be the name of a model at CHOWDER_MODEL_BASE_URL; it is not set");
    }
    if (ANTHROPIC.isSet(variables)) return ANTHROPIC;
    if (OPENAI.isSet(variables)) return OPENAI;
    if (GEMINI.isSet(variables)) return GEMINI;
    return site.text(FILE).map(ModelChoice::named).orElse(DEMO);
  }

  private static ModelChoice named(String text) {
    for (var choice : values()) {
      if (choice.label().equals(text)) return choice;
    }
    throw ExitCode.FAILED.failure(
        "model provider: must be anthropic, openai, gemini, custom or demo; got " + text);
  }

  /** Returns the variable that has the key, or the URL of a custom model. */
  String variable() {
    return variable;
  }

  boolean isSet(Variables variables) {
    return variables.find(variable).isPresent();
  }

  /** Returns the name in files and messages. */
  String label() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }

  /** Returns the provider's name in the API, where the demo model is a custom one. */
  public String provider() {
    return this == DEMO ? CUSTOM.label() : label();
  }
}
