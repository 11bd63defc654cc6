package dev.chowder.openclaw;

import static dev.chowder.base.ErrorText.excerpt;

import com.fasterxml.jackson.databind.JsonNode;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The result of a call to a gateway, over its admin interface or its WebSocket. An agent controls
 * what its gateway returns, and errors show it, so texts are cut and made printable.
 */
public sealed interface AdminAnswer {
  /** Far more than OpenClaw's longest message needs. */
  int MAX_TEXT = 1_000;

  /** The number of issues after which the others are dropped. */
  int MAX_ISSUES = 20;

  /**
   * Returns what the gateway responded.
   *
   * @throws UnansweredException if it did not do the work
   */
  default JsonNode payload() {
    throw new UnansweredException(this);
  }

  /** The gateway accepted the call. */
  record Done(JsonNode payload) implements AdminAnswer {}

  /** The gateway rejected the call; {@code code} and {@code message} are OpenClaw's. */
  record Refused(String code, String message, List<Issue> issues) implements AdminAnswer {
    private static final String STALE = "config changed since last load";

    public Refused {
      code = excerpt(code, MAX_TEXT);
      message = excerpt(message, MAX_TEXT);
      issues = issues.stream().limit(MAX_ISSUES).toList();
    }

    /** Returns whether another writer changed the configuration after its hash was read. */
    boolean isStale() {
      return message.contains(STALE);
    }

    /** Returns all issues; the message if OpenClaw lists none. */
    public String toText() {
      if (issues.isEmpty()) return message;
      return issues.stream().map(Issue::toText).collect(Collectors.joining("; "));
    }
  }

  /** One error in a configuration; the path is empty if it concerns the whole. */
  record Issue(String path, String message) {
    public Issue {
      path = excerpt(path, MAX_TEXT);
      message = excerpt(message, MAX_TEXT);
    }

    /** Returns {@code path: message}. */
    public String toText() {
      return path.isEmpty() ? message : path + ": " + message;
    }
  }

  /** The gateway rejects the token. */
  record TokenRefused() implements AdminAnswer {}

  /** The gateway cannot respond now: it starts, drains, is suspended or has too many calls. */
  record Busy(String message) implements AdminAnswer {
    public Busy {
      message = excerpt(message, MAX_TEXT);
    }
  }

  /** There is no usable response; the gateway may have executed the call anyway. */
  record NoAnswer(String note) implements AdminAnswer {}
}
