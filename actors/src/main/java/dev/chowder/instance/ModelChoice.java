package dev.chowder.instance;

/**
 * Which model an instance's agent thinks with; fixed when the instance is created.
 *
 * @param provider {@code anthropic}, {@code openai}, {@code gemini} or {@code custom}
 * @param model the model's name at the provider
 * @param baseUrl the organization's endpoint for the provider; empty: the provider's own
 * @param api the endpoint's API; empty: the provider's own
 */
public record ModelChoice(String provider, String model, String baseUrl, String api) {}
