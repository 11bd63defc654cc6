package dev.chowder.server.auth;

import io.grpc.Context;
import java.util.Optional;

/**
 * Who makes the current call: the organization that a valid key belongs to, and that key's id.
 *
 * @param organizationId a UUID
 * @param keyId names the key in events and logs; says nothing about its value
 */
public record Caller(String organizationId, String keyId) {
  static final Context.Key<Caller> KEY = Context.key("caller");

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
