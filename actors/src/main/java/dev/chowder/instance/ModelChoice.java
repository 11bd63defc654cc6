package dev.chowder.instance;

/**
 * The model that an instance's agent uses. Fixed when the home volume is provisioned.
 *
 * @param provider {@code anthropic}, {@code openai}, {@code gemini} or {@code custom}
 * @param model the model's name at the provider
 * @param baseUrl the organization's endpoint for the provider; empty if it uses the provider's own
 * @param api the endpoint's API; empty if it is the provider's own
 */
public record ModelChoice(String provider, String model, String baseUrl, String api) {}
