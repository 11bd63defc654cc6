package dev.chowder.server.auth;

import dev.chowder.secret.Secret;
import java.util.Optional;

/**
 * Tells whose key this is; empty for an unknown, revoked or expired one. May block for a short
 * while; throws only when it cannot tell.
 */
@FunctionalInterface
public interface KeyAuthenticator {
  Optional<Caller> authenticate(Secret key);
}
