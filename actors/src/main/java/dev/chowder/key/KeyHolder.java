package dev.chowder.key;

import java.util.Optional;

/**
 * The holder of a valid key.
 *
 * @param organizationId what it opens
 * @param keyId names it in events and logs; says nothing of its value
 * @param scope how far it goes; empty: as far as its organization
 * @param suspended whether the operator suspended the organization
 */
public record KeyHolder(
    String organizationId, String keyId, Optional<KeyScope> scope, boolean suspended) {}
