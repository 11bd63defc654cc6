package dev.chowder.key;

import com.google.protobuf.ByteString;
import dev.chowder.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;

/** The one form of a key: {@code chd_org_} or {@code chd_sk_}, and 32 random bytes in base64url. */
final class KeyText {
  private static final int RANDOM_BYTES = 32;
  private static final Pattern FORM = Pattern.compile("chd_(?:org|sk)_[A-Za-z0-9_-]{43}");

  /** Characters after the kind that may be shown in a list: 24 of 256 bits. */
  private static final int SHOWN = 4;

  private static final SecureRandom RANDOM = new SecureRandom();

  private KeyText() {}

  /** How far a key goes can be seen by how it begins. */
  enum Kind {
    /** Everything in its organization. */
    ORGANIZATION("organization", "chd_org_"),
    /** What its scope says. */
    SCOPED("scoped", "chd_sk_");

    private final String label;
    private final String beginning;

    Kind(String label, String beginning) {
      this.label = label;
      this.beginning = beginning;
    }

    /** As the database has it. */
    String label() {
      return label;
    }
  }

  static Secret make(Kind kind) {
    byte[] bytes = new byte[RANDOM_BYTES];
    RANDOM.nextBytes(bytes);
    return Secret.of(
        kind.beginning + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** Keeps texts that cannot be keys away from the database. */
  static boolean isKey(Secret key) {
    return FORM.matcher(key.reveal()).matches();
  }

  static String prefix(Kind kind, Secret key) {
    return key.reveal().substring(0, kind.beginning.length() + SHOWN);
  }

  /** SHA-256: enough for 256 random bits, unlike for what people choose. */
  static ByteString hash(Secret key) {
    try {
      return ByteString.copyFrom(
          MessageDigest.getInstance("SHA-256")
              .digest(key.reveal().getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
