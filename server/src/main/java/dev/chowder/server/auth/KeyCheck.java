package dev.chowder.server.auth;

import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.Reason;
import dev.chowder.base.Sha256;
import dev.chowder.secret.Secret;
import dev.chowder.server.error.ApiError;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Authenticates the API key of an {@code authorization} header. Each client address has a limited
 * number of attempts with missing, malformed and unknown keys. Above the limit, unknown keys are
 * not looked up, and every rejection is delayed. Does not know how the header arrived.
 */
public final class KeyCheck {
  // Every key that Chowder issues has at most 128 characters; hashing longer texts is wasted work.
  // envoy/envoy.yaml has the same pattern, since it limits requests whose key is not well-formed.
  private static final Pattern BEARER =
      Pattern.compile("(?i:bearer) +(chd_(?:org|sk)_[A-Za-z0-9_-]{1,128})");

  private final KeyAuthenticator keys;
  private final Consumer<String> failures;
  private final UnknownLimit<String> unknown;
  private final RejectionDelay delay;

  /**
   * Creates a check; {@code settings} limit the attempts with unknown keys.
   *
   * @param failures receives the client address of each failed authentication; must not block
   */
  public KeyCheck(
      KeyAuthenticator keys,
      Consumer<String> failures,
      UnknownSettings settings,
      RejectionDelay delay) {
    this(keys, failures, new UnknownLimit<>("keys", settings, delay), delay);
  }

  KeyCheck(
      KeyAuthenticator keys,
      Consumer<String> failures,
      UnknownLimit<String> unknown,
      RejectionDelay delay) {
    this.keys = keys;
    this.failures = failures;
    this.delay = delay;
    this.unknown = unknown;
  }

  /**
   * Returns the caller that has this key.
   *
   * @param address of the client, as {@link ClientAddress} names it
   * @param headers all values of {@code authorization}
   * @throws ApiError {@code KEY_INVALID}, {@code RATE_LIMITED} after too many unknown keys, or
   *     {@code ORGANIZATION_SUSPENDED} after a delay
   */
  public Caller caller(String address, List<String> headers) {
    if (headers.isEmpty()) throw malformed(address, "none");
    if (headers.size() > 1) throw malformed(address, "more than one");
    var bearer = BEARER.matcher(headers.getFirst());
    if (!bearer.matches()) throw malformed(address, "a malformed one");
    var key = Secret.of(bearer.group(1));
    var hash = Sha256.hex(key.reveal());
    try {
      return unknown
          .find(address, hash, () -> keys.authenticate(key))
          .orElseThrow(() -> invalid(address, "an invalid one"));
    } catch (ApiError rejected) {
      // The call does not reach the rate limit, which would delay the rejection.
      if (rejected.reason() == Reason.ORGANIZATION_SUSPENDED) delay.await();
      throw rejected;
    }
  }

  private ApiError malformed(String address, String got) {
    unknown.count(address);
    return invalid(address, got);
  }

  private ApiError invalid(String address, String got) {
    failures.accept(address);
    return ApiError.of(Reason.KEY_INVALID, must("authorization", "be Bearer and a valid key", got));
  }
}
