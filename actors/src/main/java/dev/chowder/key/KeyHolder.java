package dev.chowder.key;

import java.util.Optional;

/**
 * Whose key it is.
 *
 * @param organizationId what it opens
 * @param keyId names it in events and logs; says nothing of its value
 * @param scope how far it goes; empty: as far as its organization
 */
public record KeyHolder(String organizationId, String keyId, Optional<KeyScope> scope) {}
