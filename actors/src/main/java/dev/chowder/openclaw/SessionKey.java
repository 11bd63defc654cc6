package dev.chowder.openclaw;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * How a session's name travels to OpenClaw. Its keys ignore case, reserve name spaces ({@code
 * subagent:}, {@code cron:}, {@code acp:}) and make a new agent of {@code agent:x:y}; names of ours
 * are exact and choose nothing but a conversation. So a name is written in lower-case letters,
 * digits, {@code . _ -}, and {@code ~} with two hexadecimal digits for every other byte.
 */
public final class SessionKey {
  /** The header that carries a key. */
  public static final String HEADER = "x-openclaw-session-key";

  /** The session of plain messages, and the one that OpenClaw's own console opens. */
  public static final String MAIN = "main";

  private static final String PREFIX = "chowder-";
  private static final char ESCAPE = '~';

  private SessionKey() {}

  /** The key of a session's name; different names never have the same one. */
  public static String of(String sessionId) {
    if (sessionId.equals(MAIN)) return MAIN;
    var key = new StringBuilder(PREFIX);
    for (byte b : sessionId.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      if (isPlain(c)) {
        key.append(c);
      } else {
        key.append(ESCAPE)
            .append(Character.forDigit(c >> 4, 16))
            .append(Character.forDigit(c & 15, 16));
      }
    }
    return key.toString();
  }

  /** The name of a key, as OpenClaw lists it; empty for a session that is none of ours. */
  public static Optional<String> sessionId(String key) {
    if (key.equals(MAIN)) return Optional.of(MAIN);
    if (!key.startsWith(PREFIX)) return Optional.empty();
    var bytes = new ByteArrayOutputStream();
    for (int i = PREFIX.length(); i < key.length(); i++) {
      char c = key.charAt(i);
      if (isPlain(c)) {
        bytes.write(c);
      } else if (c == ESCAPE && i + 2 < key.length()) {
        int high = Character.digit(key.charAt(i + 1), 16);
        int low = Character.digit(key.charAt(i + 2), 16);
        if (high < 0 || low < 0) return Optional.empty();
        bytes.write(high << 4 | low);
        i += 2;
      } else {
        return Optional.empty();
      }
    }
    return Optional.of(bytes.toString(StandardCharsets.UTF_8));
  }

  private static boolean isPlain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  }
}
