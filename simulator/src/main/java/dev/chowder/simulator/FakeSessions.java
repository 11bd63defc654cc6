package dev.chowder.simulator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Simulates the sessions of one agent and the gateway's responses about them. In memory only.
 * Beyond the limit the oldest are removed.
 */
final class FakeSessions {
  private static final int MAX_SESSIONS = 1_000;
  private static final int MAX_MESSAGES = 200;
  private static final String PREFIX = "agent:main:";

  private record Message(int seq, String role, String text, long at) {}

  private static final class Session {
    private final long createdAt = System.currentTimeMillis();
    private final List<Message> history = new ArrayList<>();
    private long updatedAt = createdAt;
    private int seq;
  }

  private final Map<String, Session> sessions =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Session> eldest) {
          return size() > MAX_SESSIONS;
        }
      };

  synchronized void add(String key, String question, String answer) {
    var session = sessions.computeIfAbsent(PREFIX + key, _ -> new Session());
    session.updatedAt = System.currentTimeMillis();
    session.history.add(new Message(++session.seq, "user", question, session.updatedAt));
    session.history.add(new Message(++session.seq, "assistant", answer, session.updatedAt));
    if (session.history.size() > MAX_MESSAGES) session.history.subList(0, 2).clear();
  }

  /** Answers a request about sessions, and returns whether it was one. */
  synchronized boolean answer(String method, JsonNode params, ObjectNode answer) {
    var key = params.path(method.equals("chat.history") ? "sessionKey" : "key").asText();
    var session = Optional.ofNullable(sessions.get(key));
    switch (method) {
      case "sessions.list" -> list(params, answer.put("ok", true).putObject("payload"));
      case "sessions.describe" -> {
        var payload = answer.put("ok", true).putObject("payload");
        if (session.isEmpty()) payload.putNull("session");
        else row(payload.putObject("session"), key, session.get());
      }
      case "chat.history" -> {
        var payload = answer.put("ok", true).putObject("payload");
        history(session.map(s -> s.history).orElse(List.of()), params, payload);
      }
      case "sessions.delete" -> {
        answer.put("ok", true).putObject("payload").put("deleted", sessions.remove(key) != null);
      }
      case "sessions.reset" -> {
        session.ifPresent(emptied -> emptied.history.clear());
        answer.put("ok", true).putObject("payload");
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private void list(JsonNode params, ObjectNode payload) {
    int offset = params.path("offset").asInt();
    int end = offset + params.path("limit").asInt(100);
    var rows = payload.putArray("sessions");
    sessions.entrySet().stream()
        .sorted(
            Comparator.comparingLong(
                (Map.Entry<String, Session> entry) -> -entry.getValue().updatedAt))
        .skip(offset)
        .limit(end - offset)
        .forEach(entry -> row(rows.addObject(), entry.getKey(), entry.getValue()));
    payload.put("hasMore", sessions.size() > end);
  }

  private static void row(ObjectNode row, String key, Session session) {
    row.put("key", key)
        .put("createdAt", session.createdAt)
        .put("updatedAt", session.updatedAt)
        .put("lastActivityAt", session.updatedAt)
        .put("hasActiveRun", false);
  }

  private static void history(List<Message> history, JsonNode params, ObjectNode payload) {
    int end = Math.max(0, history.size() - params.path("offset").asInt());
    int begin = Math.max(0, end - params.path("limit").asInt(200));
    var messages = payload.putArray("messages");
    for (var one : history.subList(begin, end)) {
      var message = messages.addObject();
      message.put("role", one.role).put("timestamp", one.at);
      message.putArray("content").addObject().put("type", "text").put("text", one.text);
      message.putObject("__openclaw").put("seq", one.seq);
    }
    payload.put("hasMore", begin > 0);
    if (begin > 0) payload.put("nextOffset", history.size() - begin);
  }
}
