package dev.chowder.key;

import java.time.Instant;
import java.util.Optional;

/**
 * A scoped key without its value.
 *
 * @param prefix how its value begins
 * @param active false once it is revoked or expired
 * @param expiresAt empty: it works until it is revoked
 * @param lastUsedAt to a minute; empty: it never was
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
