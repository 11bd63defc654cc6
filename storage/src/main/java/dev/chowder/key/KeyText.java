package dev.chowder.key;

import com.google.protobuf.ByteString;
import dev.chowder.base.Sha256;
import dev.chowder.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * Generates, checks and hashes the values of keys. A key is {@code chd_org_} or {@code chd_sk_},
 * followed by 32 random bytes in base64url.
 */
final class KeyText {
  private static final int RANDOM_BYTES = 32;
  private static final Pattern FORM = Pattern.compile("chd_(?:org|sk)_[A-Za-z0-9_-]{43}");

  /** Characters after the prefix that a list may show: 24 of 256 bits. */
  private static final int SHOWN = 4;

  private static final SecureRandom RANDOM = new SecureRandom();

  private KeyText() {}

  /** The kind of a key, which its prefix shows. */
  enum Kind {
    /** Permits everything in its organization. */
    ORGANIZATION("organization", "chd_org_"),
    /** Permits only the actions in its scope. */
    SCOPED("scoped", "chd_sk_");

    private final String label;
    private final String beginning;

    Kind(String label, String beginning) {
      this.label = label;
      this.beginning = beginning;
    }

    /** Returns the name in the database. */
    String label() {
      return label;
    }
  }

  static Secret create(Kind kind) {
    byte[] bytes = new byte[RANDOM_BYTES];
    RANDOM.nextBytes(bytes);
    return Secret.of(
        kind.beginning + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** Returns whether a text has the form of a key, so that other texts cause no query. */
  static boolean isKey(Secret key) {
    return FORM.matcher(key.reveal()).matches();
  }

  static String prefix(Kind kind, Secret key) {
    return key.reveal().substring(0, kind.beginning.length() + SHOWN);
  }

  /**
   * Returns the SHA-256 hash. Unlike for passwords that people choose, a fast hash is enough for
   * 256 random bits.
   */
  static ByteString hash(Secret key) {
    return ByteString.copyFrom(Sha256.of(key.reveal().getBytes(StandardCharsets.US_ASCII)));
  }
}
