package dev.chowder.server.auth;

import dev.chowder.key.KeyHolder;
import dev.chowder.key.KeyScope;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
import io.grpc.Context;
import java.util.Optional;

/**
 * Who makes the current call: the organization that a valid key belongs to, and that key's id.
 *
 * @param organizationId a UUID
 * @param keyId names the key in events and logs; says nothing about its value
 * @param scope how far the key goes, see {@link ScopeInterceptor}; empty: as far as its
 *     organization
 */
public record Caller(String organizationId, String keyId, Optional<KeyScope> scope) {
  static final Context.Key<Caller> KEY = Context.key("caller");

  /** With an organization's own key. */
  public Caller(String organizationId, String keyId) {
    this(organizationId, keyId, Optional.empty());
  }

  /**
   * The holder of a key.
   *
   * @throws ApiError ORGANIZATION_SUSPENDED
   */
  public static Caller of(KeyHolder holder) {
    if (holder.suspended()) throw ApiError.organizationSuspended();
    return new Caller(holder.organizationId(), holder.keyId(), holder.scope());
  }

  /**
   * Lets the call go on only if its key may speak in this session.
   *
   * @throws ApiError KEY_LACKS_PERMISSION
   */
  public void requireSession(String sessionId) {
    if (!maySpeakIn(sessionId)) {
      throw ApiError.of(
          Reason.KEY_LACKS_PERMISSION,
          "session_id: %s (expected: one that begins with %s, as the key says)"
              .formatted(sessionId, sessionPrefix()));
    }
  }

  /** Whether its key may speak in this session, and know of it. */
  public boolean maySpeakIn(String sessionId) {
    return sessionId.startsWith(sessionPrefix());
  }

  private String sessionPrefix() {
    return scope.flatMap(KeyScope::sessionPrefix).orElse("");
  }

  /** The current call's; empty for one that needs no key. */
  public static Optional<Caller> ifKnown() {
    return Optional.ofNullable(KEY.get());
  }

  /** The current call's. Only calls that passed {@link AuthInterceptor} have one. */
  public static Caller current() {
    Caller caller = KEY.get();
    if (caller == null) {
      throw new IllegalStateException("caller: none (expected: a call that needs a key)");
    }
    return caller;
  }
}
