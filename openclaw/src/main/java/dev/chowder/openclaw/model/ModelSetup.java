package dev.chowder.openclaw.model;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.secret.Secret;
import java.util.Optional;

/**
 * The model that an agent uses, and its provider.
 *
 * @param provider {@code anthropic}, {@code openai}, {@code gemini} or {@code custom}
 * @param model the model's name at the provider; empty for the default model
 * @param baseUrl the URL for a sandbox; empty for the provider's own
 * @param api OpenClaw's name of the protocol; empty for the provider's own
 * @param key the provider's key; empty only for a custom endpoint that needs none
 */
public record ModelSetup(
    String provider, String model, String baseUrl, String api, Optional<Secret> key) {

  /** Returns OpenClaw's name of the provider. */
  public String openClawProvider() {
    return provider.equals("gemini") ? "google" : provider;
  }

  /** Returns whether the organization replaced the provider's own endpoint. */
  public boolean hasOwnEndpoint() {
    return !baseUrl.isEmpty();
  }

  /**
   * Returns the given model, or the one that OpenClaw's own onboarding (2026.9.6) chooses for the
   * provider. Without a model, the gateway would use OpenAI's, whichever provider has a key.
   */
  public String effectiveModel() {
    if (!model.isEmpty()) return model;
    return switch (provider) {
      case "anthropic" -> "claude-opus-5";
      case "openai" -> "gpt-6-astra";
      case "gemini" -> "gemini-3.1-pro-preview";
      default ->
          throw new IllegalArgumentException(must("model", "be set for provider " + provider));
    };
  }

  /** Returns the given URL, or the provider's own. */
  public String effectiveBaseUrl() {
    if (!baseUrl.isEmpty()) return baseUrl;
    return switch (provider) {
      case "anthropic" -> "https://api.anthropic.com";
      case "openai" -> "https://api.openai.com/v1";
      case "gemini" -> "https://generativelanguage.googleapis.com/v1beta";
      default ->
          throw new IllegalArgumentException(must("base_url", "be set for provider " + provider));
    };
  }

  /** Returns the given protocol, or the provider's own. */
  public String effectiveApi() {
    if (!api.isEmpty()) return api;
    return switch (provider) {
      case "anthropic" -> "anthropic-messages";
      case "openai" -> "openai-responses";
      case "gemini" -> "google-generative-ai";
      default -> "openai-completions";
    };
  }
}
