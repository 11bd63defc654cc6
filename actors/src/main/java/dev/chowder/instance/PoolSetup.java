package dev.chowder.instance;

/**
 * What a pool member was provisioned with. A create can claim only a member of the setup that it
 * would provision itself, so that a claim changes nothing in the sandbox.
 *
 * @param keyVersion version of the organization's key for the provider; empty if it has none
 * @param image image of the sandbox
 */
public record PoolSetup(ModelChoice model, String keyVersion, String image) {}
