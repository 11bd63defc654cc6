package dev.chowder.key;

import java.util.Optional;

/**
 * The identity and rights of a valid key.
 *
 * @param organizationId the organization that it belongs to
 * @param keyId the id in events and logs; reveals nothing about the value
 * @param scope the rights of a scoped key; empty if the key may do everything in its organization
 * @param suspended whether an operator suspended the organization
 */
public record KeyHolder(
    String organizationId, String keyId, Optional<KeyScope> scope, boolean suspended) {}
