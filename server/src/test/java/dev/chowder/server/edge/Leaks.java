package dev.chowder.server.edge;

import java.util.List;
import java.util.regex.Pattern;

/** Finds what no response may contain: stack traces, class names, paths of the machine, keys. */
public final class Leaks {
  private static final List<Pattern> FORBIDDEN =
      List.of(
          Pattern.compile("\\bat [a-z]+\\.[a-zA-Z0-9_.$]+\\("),
          Pattern.compile("\\.java:\\d+"),
          Pattern.compile(
              "\\b(?:java|javax|jdk|io\\.grpc|com\\.google\\.protobuf|org\\.apache|dev\\.chowder)\\.[a-z]+\\.[A-Za-z]"),
          Pattern.compile("\\b[A-Z][A-Za-z]+(?:Exception|Error)\\b"),
          Pattern.compile("(?:^|[\\s\"'(=:])/(?:home|root|usr|var|etc|tmp|opt|work)/"),
          Pattern.compile("chd_(?:org|sk|op|envoy)_[A-Za-z0-9_]{8}"),
          Pattern.compile(Pattern.quote(StubInstances.SECRET_OF_THE_BUG)));

  private Leaks() {}

  /** Fails if the text contains any of these. */
  public static void check(String text) {
    for (Pattern pattern : FORBIDDEN) {
      var match = pattern.matcher(text);
      if (match.find()) {
        throw new AssertionError("leaks «" + match.group() + "»: " + text);
      }
    }
  }
}
