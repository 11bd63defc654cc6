package dev.chowder.server.auth;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.admission.Requester;
import dev.chowder.api.v1.Reason;
import dev.chowder.key.KeyHolder;
import dev.chowder.key.KeyScope;
import dev.chowder.server.error.ApiError;
import io.grpc.Context;
import java.util.Optional;

/**
 * The caller of the current call: a valid key and the organization that it belongs to.
 *
 * @param organizationId a UUID
 * @param keyId identifies the key in events and logs; not derived from its value
 * @param scope limits of the key, see {@link ScopeInterceptor}; empty for an organization key
 */
public record Caller(String organizationId, String keyId, Optional<KeyScope> scope) {
  static final Context.Key<Caller> KEY = Context.key("caller");

  /** Creates a caller with an organization key. */
  public Caller(String organizationId, String keyId) {
    this(organizationId, keyId, Optional.empty());
  }

  /**
   * Returns the caller that holds a key.
   *
   * @throws ApiError ORGANIZATION_SUSPENDED
   */
  public static Caller of(KeyHolder holder) {
    if (holder.suspended()) throw ApiError.organizationSuspended();
    return new Caller(holder.organizationId(), holder.keyId(), holder.scope());
  }

  /**
   * Checks that the key may use this session.
   *
   * @throws ApiError KEY_LACKS_PERMISSION if it may not
   */
  public void requireSession(String sessionId) {
    if (!mayUseSession(sessionId)) {
      throw ApiError.of(
          Reason.KEY_LACKS_PERMISSION,
          must("session_id", "start with the key's prefix " + sessionPrefix(), sessionId));
    }
  }

  /** Returns whether the key may send messages to this session and read that it exists. */
  public boolean mayUseSession(String sessionId) {
    return sessionId.startsWith(sessionPrefix());
  }

  private String sessionPrefix() {
    return scope.flatMap(KeyScope::sessionPrefix).orElse("");
  }

  /** Returns this caller as the requester of an instance. */
  public Requester requester() {
    return new Requester(organizationId, keyId);
  }

  /** Returns the caller of the current call; empty if its method requires no key. */
  public static Optional<Caller> ifKnown() {
    return Optional.ofNullable(KEY.get());
  }

  /** Returns the caller of the current call, which must have passed {@link AuthInterceptor}. */
  public static Caller current() {
    Caller caller = KEY.get();
    if (caller == null) {
      throw new IllegalStateException(
          cannot("read the caller", "the method of this call requires no key"));
    }
    return caller;
  }
}
