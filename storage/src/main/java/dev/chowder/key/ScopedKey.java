package dev.chowder.key;

import java.time.Instant;
import java.util.Optional;

/**
 * A scoped key without its value.
 *
 * @param prefix the first characters of its value
 * @param active false if it is revoked or expired
 * @param expiresAt empty if it does not expire
 * @param lastUsedAt precise to a minute; empty if it was never used
 */
public record ScopedKey(
    String id,
    String organizationId,
    String name,
    String prefix,
    KeyScope scope,
    boolean active,
    Instant createdAt,
    Optional<Instant> expiresAt,
    Optional<Instant> lastUsedAt) {}
