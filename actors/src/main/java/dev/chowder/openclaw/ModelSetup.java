package dev.chowder.openclaw;

import dev.chowder.secret.Secret;
import java.util.Optional;

/**
 * Which model OpenClaw is to use, and how.
 *
 * @param provider {@code anthropic}, {@code openai}, {@code gemini} or {@code custom}
 * @param model the model's name at the provider; empty: the provider's default
 * @param baseUrl as a sandbox reaches it; empty: the provider's own
 * @param api OpenClaw's name of the provider's protocol; empty: the provider's own
 * @param key the provider's key; empty only where a custom endpoint wants none
 */
public record ModelSetup(
    String provider, String model, String baseUrl, String api, Optional<Secret> key) {

  /** How OpenClaw calls the provider. */
  public String openClawProvider() {
    return provider.equals("gemini") ? "google" : provider;
  }

  /** Whether the organization sends this provider's calls somewhere else than the provider does. */
  public boolean hasOwnEndpoint() {
    return !baseUrl.isEmpty();
  }

  /**
   * The given model or the one that OpenClaw's own onboarding chooses for the provider (2026.9.6).
   * Never left to the gateway: without a model it takes OpenAI's, whatever provider has a key.
   */
  public String effectiveModel() {
    if (!model.isEmpty()) return model;
    return switch (provider) {
      case "anthropic" -> "claude-opus-5";
      case "openai" -> "gpt-6-astra";
      case "gemini" -> "gemini-3.1-pro-preview";
      default ->
          throw new IllegalArgumentException(
              "model: none for provider " + provider + " (expected: a model's name)");
    };
  }

  /** Where the provider's models are: the given URL or the provider's own. */
  public String effectiveBaseUrl() {
    if (!baseUrl.isEmpty()) return baseUrl;
    return switch (provider) {
      case "anthropic" -> "https://api.anthropic.com";
      case "openai" -> "https://api.openai.com/v1";
      case "gemini" -> "https://generativelanguage.googleapis.com/v1beta";
      default ->
          throw new IllegalArgumentException(
              "base_url: none for provider " + provider + " (expected: a URL)");
    };
  }

  /** The given protocol or the provider's own. */
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
