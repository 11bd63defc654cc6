package dev.chowder.admission;

/**
 * The organization that requests an instance.
 *
 * @param organizationId a UUID
 * @param keyId id of the acting API key; empty if an operator acts
 */
public record Requester(String organizationId, String keyId) {}
