package dev.chowder.organization;

/**
 * Where a provider's models are, when not at the provider's own place.
 *
 * @param baseUrl never empty
 * @param model for instances that name none; empty: the provider's default
 * @param api the interface that it speaks; empty: the provider's own
 */
public record ModelEndpoint(String baseUrl, String model, String api) {}
