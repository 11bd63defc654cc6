package dev.chowder.key;

import com.google.protobuf.ByteString;
import dev.chowder.secret.Secret;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Pattern;

/** The one form of an organization's key: {@code chd_org_} and 32 random bytes in base64url. */
final class KeyText {
  private static final String ORGANIZATION = "chd_org_";
  private static final int RANDOM_BYTES = 32;
  private static final Pattern FORM = Pattern.compile(ORGANIZATION + "[A-Za-z0-9_-]{43}");

  /** As much as may be shown in a list: the kind and four characters, 24 of 256 bits. */
  private static final int SHOWN = ORGANIZATION.length() + 4;

  private static final SecureRandom RANDOM = new SecureRandom();

  private KeyText() {}

  static Secret makeOrganizationKey() {
    byte[] bytes = new byte[RANDOM_BYTES];
    RANDOM.nextBytes(bytes);
    return Secret.of(ORGANIZATION + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** Keeps texts that cannot be keys away from the database. */
  static boolean isOrganizationKey(Secret key) {
    return FORM.matcher(key.reveal()).matches();
  }

  static String prefix(Secret key) {
    return key.reveal().substring(0, SHOWN);
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
