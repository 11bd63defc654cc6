package dev.chowder.openclaw;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Collectors;

/** What a gateway answered to a call of its control plane's interface. */
public sealed interface AdminAnswer {
  /** It did what was asked. */
  record Done(JsonNode payload) implements AdminAnswer {}

  /** It refused; {@code code} and {@code message} are OpenClaw's words. */
  record Refused(String code, String message, List<Issue> issues) implements AdminAnswer {
    private static final String STALE = "config changed since last load";

    /** Someone else wrote the configuration since its hash was read. */
    boolean isStale() {
      return message.contains(STALE);
    }

    /** What is wrong, thing by thing where it says so. */
    public String toText() {
      if (issues.isEmpty()) return message;
      return issues.stream().map(Issue::toText).collect(Collectors.joining("; "));
    }
  }

  /** One thing that is wrong with a configuration; the path is empty for the whole. */
  record Issue(String path, String message) {
    /** {@code path: message}. */
    public String toText() {
      return path.isEmpty() ? message : path + ": " + message;
    }
  }

  /** It does not take this token. */
  record TokenRefused() implements AdminAnswer {}

  /** It is there and cannot answer now: starting, draining, suspended, too many calls. */
  record Busy(String message) implements AdminAnswer {}

  /** Nothing usable came back; it may have happened all the same. */
  record NoAnswer(String note) implements AdminAnswer {}
}
