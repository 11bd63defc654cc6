package dev.chowder.openclaw;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * Encodes a caller's session id as OpenClaw's session key. OpenClaw converts keys to lower case,
 * and some keys with a colon have a special meaning. The encoding gives every id its own ordinary
 * session.
 */
public final class SessionKey {
  private static final String AGENT_PREFIX = "agent:main:";

  private SessionKey() {}

  /**
   * Returns the key of an id. Different ids have different keys. {@code main} is unchanged and
   * means the agent's own session.
   */
  public static String of(String sessionId) {
    var key = new StringBuilder();
    for (byte b : sessionId.getBytes(StandardCharsets.UTF_8)) {
      if (isPlain(b)) {
        key.append((char) b);
      } else {
        key.append(String.format(Locale.ROOT, "_%02x", b));
      }
    }
    return key.toString();
  }

  /** Returns the full key, which is unique among the sessions of all agents. */
  static String fullKey(String sessionId) {
    return AGENT_PREFIX + of(sessionId);
  }

  /** Returns the id of a session with this full key; empty if no id has this key. */
  static Optional<String> idOf(String fullKey) {
    if (!fullKey.startsWith(AGENT_PREFIX)) return Optional.empty();
    var id = decoded(fullKey.substring(AGENT_PREFIX.length()));
    // A key that this class would encode differently belongs to no id.
    return id.filter(text -> fullKey(text).equals(fullKey));
  }

  private static Optional<String> decoded(String key) {
    var bytes = new ByteArrayOutputStream();
    for (int i = 0; i < key.length(); i++) {
      char c = key.charAt(i);
      if (c != '_') {
        if (!isPlain((byte) c) || c > 127) return Optional.empty();
        bytes.write(c);
        continue;
      }
      int high = i + 2 < key.length() ? Character.digit(key.charAt(i + 1), 16) : -1;
      int low = high >= 0 ? Character.digit(key.charAt(i + 2), 16) : -1;
      if (low < 0) return Optional.empty();
      bytes.write(high << 4 | low);
      i += 2;
    }
    return Optional.of(bytes.toString(StandardCharsets.UTF_8));
  }

  private static boolean isPlain(byte b) {
    return (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '.' || b == '~';
  }
}
