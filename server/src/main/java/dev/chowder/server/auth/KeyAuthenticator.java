package dev.chowder.server.auth;

import dev.chowder.secret.Secret;
import java.util.Optional;

/**
 * Finds the caller that an API key belongs to; empty if the key is unknown, revoked or expired. May
 * block for a short time. Throws only if the lookup itself fails.
 */
@FunctionalInterface
public interface KeyAuthenticator {
  Optional<Caller> authenticate(Secret key);
}
