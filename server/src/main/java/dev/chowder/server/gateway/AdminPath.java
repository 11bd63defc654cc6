package dev.chowder.server.gateway;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Locale;

/**
 * Recognizes OpenClaw's admin route in any spelling. A gateway may interpret an unusual path in any
 * way, so this check uses the most lenient reading: it decodes repeatedly, resolves every slash and
 * dot segment, and ignores case.
 */
final class AdminPath {
  private static final String ADMIN = "/api/v1/admin";
  private static final int MAX_DECODINGS = 8;

  private AdminPath() {}

  /** Returns whether some reader of the path could take it for the admin route. */
  static boolean matches(String pathAndQuery) {
    String path = pathAndQuery;
    for (int n = 0; n < MAX_DECODINGS; n++) {
      // Check both readings each time: a decoded question mark or semicolon may end the path.
      if (leadsToAdmin(path)) {
        return true;
      }
      String decoded = decoded(path);
      if (decoded.equals(path)) {
        return false;
      }
      path = decoded;
    }
    // No legitimate client encodes a path that often.
    return true;
  }

  private static boolean leadsToAdmin(String path) {
    return startsAsAdmin(normalized(path)) || startsAsAdmin(normalized(cut(path)));
  }

  private static boolean startsAsAdmin(String normalized) {
    return normalized.equals(ADMIN)
        || (normalized.startsWith(ADMIN) && !isNameCharacter(normalized.charAt(ADMIN.length())));
  }

  /** {@code /api/v1/administrators} is another route; {@code /api/v1/admin;x} may be this one. */
  private static boolean isNameCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  }

  private static String cut(String path) {
    int end = path.length();
    for (char c : new char[] {'?', '#', ';'}) {
      int at = path.indexOf(c);
      if (at >= 0) {
        end = Math.min(end, at);
      }
    }
    return path.substring(0, end);
  }

  private static String normalized(String path) {
    var segments = new ArrayDeque<String>();
    // Some readers drop control characters and spaces.
    String plain = path.replace('\\', '/').replaceAll("[\\x00-\\x20\\x7f]", "");
    for (String segment : plain.toLowerCase(Locale.ROOT).split("/", -1)) {
      // Parameters of a segment, as in /api;x=1/v1
      int parameters = segment.indexOf(';');
      String name = parameters >= 0 ? segment.substring(0, parameters) : segment;
      switch (name) {
        case "", "." -> {}
        case ".." -> segments.pollLast();
        default -> segments.addLast(name);
      }
    }
    return "/" + String.join("/", segments);
  }

  private static String decoded(String text) {
    byte[] in = text.getBytes(StandardCharsets.UTF_8);
    byte[] out = new byte[in.length];
    int length = 0;
    for (int i = 0; i < in.length; i++) {
      if (in[i] == '%' && i + 2 < in.length) {
        int high = Character.digit(in[i + 1], 16);
        int low = Character.digit(in[i + 2], 16);
        if (high >= 0 && low >= 0) {
          out[length++] = (byte) (high << 4 | low);
          i += 2;
          continue;
        }
      }
      out[length++] = in[i];
    }
    return new String(out, 0, length, StandardCharsets.UTF_8);
  }
}
