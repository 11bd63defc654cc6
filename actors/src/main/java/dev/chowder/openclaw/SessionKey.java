package dev.chowder.openclaw;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/**
 * A caller's session id as OpenClaw's session key. OpenClaw lower-cases keys and gives some of
 * those with a colon a meaning of its own; here every id leads to a session of its own and nothing
 * else.
 */
public final class SessionKey {
  private static final String OF_THE_AGENT = "agent:main:";

  private SessionKey() {}

  /** Different ids have different keys; {@code main} stays what it is, the agent's own session. */
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

  /** As OpenClaw names it among the sessions of all agents. */
  static String inFull(String sessionId) {
    return OF_THE_AGENT + of(sessionId);
  }

  /** The id that leads to a session that OpenClaw names so in full; empty when none does. */
  static Optional<String> idOf(String inFull) {
    if (!inFull.startsWith(OF_THE_AGENT)) return Optional.empty();
    var id = decoded(inFull.substring(OF_THE_AGENT.length()));
    // What is written in another way than ours would be another session to whoever asks for it.
    return id.filter(text -> inFull(text).equals(inFull));
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
