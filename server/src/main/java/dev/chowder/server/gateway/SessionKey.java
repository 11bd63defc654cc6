package dev.chowder.server.gateway;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * A caller's session id as OpenClaw's session key. OpenClaw lower-cases keys and gives some of
 * those with a colon a meaning of its own; here every id leads to a session of its own and nothing
 * else.
 */
final class SessionKey {
  private SessionKey() {}

  /** Different ids have different keys; {@code main} stays what it is, the agent's own session. */
  static String of(String sessionId) {
    var key = new StringBuilder();
    for (byte b : sessionId.getBytes(StandardCharsets.UTF_8)) {
      boolean plain =
          (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') || b == '-' || b == '.' || b == '~';
      if (plain) {
        key.append((char) b);
      } else {
        key.append(String.format(Locale.ROOT, "_%02x", b));
      }
    }
    return key.toString();
  }
}
