package dev.chowder.simulator;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Simulates the sessions of one agent and the gateway's responses about them. Beyond the limit, the
 * ones that were used longest ago are removed.
 */
final class FakeSessions {
  private static final int MAX_SESSIONS = 1_000;
  private static final int MAX_MESSAGES = 200;
  private static final String PREFIX = "agent:main:";
  private static final Set<String> METHODS =
      Set.of(
          "sessions.list",
          "sessions.describe",
          "chat.history",
          "sessions.delete",
          "sessions.reset");

  record Message(int seq, String role, String text, long at) {}

  record Session(long createdAt, long updatedAt, int seq, List<Message> history) {
    static Session empty() {
      long now = System.currentTimeMillis();
      return new Session(now, now, 0, List.of());
    }

    Session with(String question, String answer) {
      long now = System.currentTimeMillis();
      var longer = new ArrayList<>(history);
      longer.add(new Message(seq + 1, "user", question, now));
      longer.add(new Message(seq + 2, "assistant", answer, now));
      if (longer.size() > MAX_MESSAGES) longer.subList(0, 2).clear();
      return new Session(createdAt, now, seq + 2, longer);
    }

    Session emptied() {
      return new Session(createdAt, updatedAt, seq, List.of());
    }
  }

  /** The sessions by key, the one that was used last at the end. */
  private final StateFile<Map<String, Session>> file;

  FakeSessions(Optional<Path> file) {
    this.file = new StateFile<>(file, new TypeReference<>() {});
  }

  private SequencedMap<String, Session> read() {
    return new LinkedHashMap<>(file.read().orElse(Map.of()));
  }

  synchronized void add(String key, String question, String answer) {
    var sessions = read();
    var session = Optional.ofNullable(sessions.remove(PREFIX + key)).orElseGet(Session::empty);
    sessions.put(PREFIX + key, session.with(question, answer));
    if (sessions.size() > MAX_SESSIONS) sessions.pollFirstEntry();
    file.write(sessions);
  }

  /** Answers a request about sessions, and returns whether it was one. */
  synchronized boolean answer(String method, JsonNode params, ObjectNode answer) {
    var key = params.path(method.equals("chat.history") ? "sessionKey" : "key").asText();
    if (!METHODS.contains(method)) return false;
    var sessions = read();
    var session = Optional.ofNullable(sessions.get(key));
    switch (method) {
      case "sessions.list" -> list(sessions, params, answer.put("ok", true).putObject("payload"));
      case "sessions.describe" -> {
        var payload = answer.put("ok", true).putObject("payload");
        if (session.isEmpty()) payload.putNull("session");
        else row(payload.putObject("session"), key, session.get());
      }
      case "chat.history" -> {
        var payload = answer.put("ok", true).putObject("payload");
        history(session.map(Session::history).orElse(List.of()), params, payload);
      }
      case "sessions.delete" -> {
        answer.put("ok", true).putObject("payload").put("deleted", sessions.remove(key) != null);
        file.write(sessions);
      }
      case "sessions.reset" -> {
        if (sessions.computeIfPresent(key, (_, full) -> full.emptied()) != null) {
          file.write(sessions);
        }
        answer.put("ok", true).putObject("payload");
      }
      default -> throw new IllegalStateException(method);
    }
    return true;
  }

  private static void list(Map<String, Session> sessions, JsonNode params, ObjectNode payload) {
    int offset = params.path("offset").asInt();
    int end = offset + params.path("limit").asInt(100);
    var rows = payload.putArray("sessions");
    sessions.entrySet().stream()
        .sorted(
            Comparator.comparingLong(
                (Map.Entry<String, Session> entry) -> -entry.getValue().updatedAt()))
        .skip(offset)
        .limit(end - offset)
        .forEach(entry -> row(rows.addObject(), entry.getKey(), entry.getValue()));
    payload.put("hasMore", sessions.size() > end);
  }

  private static void row(ObjectNode row, String key, Session session) {
    row.put("key", key)
        .put("createdAt", session.createdAt())
        .put("updatedAt", session.updatedAt())
        .put("lastActivityAt", session.updatedAt())
        .put("hasActiveRun", false);
  }

  private static void history(List<Message> history, JsonNode params, ObjectNode payload) {
    int end = Math.max(0, history.size() - params.path("offset").asInt());
    int begin = Math.max(0, end - params.path("limit").asInt(200));
    var messages = payload.putArray("messages");
    for (var one : history.subList(begin, end)) {
      var message = messages.addObject();
      message.put("role", one.role()).put("timestamp", one.at());
      message.putArray("content").addObject().put("type", "text").put("text", one.text());
      message.putObject("__openclaw").put("seq", one.seq());
    }
    payload.put("hasMore", begin > 0);
    if (begin > 0) payload.put("nextOffset", history.size() - begin);
  }
}
