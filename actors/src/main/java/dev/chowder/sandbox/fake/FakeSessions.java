package dev.chowder.sandbox.fake;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * The sessions of one played agent, and what its gateway says of them over its WebSocket. In memory
 * only, and the oldest go when there are many.
 */
final class FakeSessions {
  private static final int MAX_SESSIONS = 1_000;
  private static final int MAX_MESSAGES = 200;
  private static final String PREFIX = "agent:main:";

  private record Said(int seq, String role, String text, long at) {}

  private static final class Session {
    private final long createdAt = System.currentTimeMillis();
    private final List<Said> said = new ArrayList<>();
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
    session.said.add(new Said(++session.seq, "user", question, session.updatedAt));
    session.said.add(new Said(++session.seq, "assistant", answer, session.updatedAt));
    if (session.said.size() > MAX_MESSAGES) session.said.subList(0, 2).clear();
  }

  /** One conversation of the gateway's protocol, to its end. */
  void converse(FakeSocket socket, Predicate<String> token) throws IOException {
    var challenge = FakeOpenClaw.JSON.createObjectNode();
    challenge.put("type", "event").put("event", "connect.challenge");
    challenge.putObject("payload").put("nonce", "n").put("ts", System.currentTimeMillis());
    socket.send(challenge.toString());
    boolean connected = false;
    for (var text = socket.receive(); text.isPresent(); text = socket.receive()) {
      JsonNode request;
      try {
        request = FakeOpenClaw.JSON.readTree(text.get());
      } catch (JsonProcessingException noJson) {
        socket.close(1008, "no JSON");
        return;
      }
      var answer = FakeOpenClaw.JSON.createObjectNode();
      answer.put("type", "res").put("id", request.path("id").asText());
      if (!connected) {
        connected =
            request.path("method").asText().equals("connect")
                && token.test(request.at("/params/auth/token").asText());
        answer.put("ok", connected);
        if (connected) answer.putObject("payload").put("type", "hello-ok");
        else refuse(answer, "INVALID_REQUEST").putObject("details").put("code", "AUTH_REFUSED");
      } else {
        answer(request.path("method").asText(), request.path("params"), answer);
      }
      socket.send(answer.toString());
      if (!connected) {
        socket.close(1008, "unauthorized");
        return;
      }
    }
  }

  private synchronized void answer(String method, JsonNode params, ObjectNode answer) {
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
        history(session.map(s -> s.said).orElse(List.of()), params, payload);
      }
      case "sessions.delete" -> {
        answer.put("ok", true).putObject("payload").put("deleted", sessions.remove(key) != null);
      }
      case "sessions.reset" -> {
        session.ifPresent(emptied -> emptied.said.clear());
        answer.put("ok", true).putObject("payload");
      }
      // It reads its files whenever it needs them.
      case "secrets.reload" -> answer.put("ok", true).putObject("payload");
      default -> refuse(answer.put("ok", false), "INVALID_REQUEST");
    }
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

  private static void history(List<Said> said, JsonNode params, ObjectNode payload) {
    int end = Math.max(0, said.size() - params.path("offset").asInt());
    int begin = Math.max(0, end - params.path("limit").asInt(200));
    var messages = payload.putArray("messages");
    for (var one : said.subList(begin, end)) {
      var message = messages.addObject();
      message.put("role", one.role).put("timestamp", one.at);
      message.putArray("content").addObject().put("type", "text").put("text", one.text);
      message.putObject("__openclaw").put("seq", one.seq);
    }
    payload.put("hasMore", begin > 0);
    if (begin > 0) payload.put("nextOffset", said.size() - begin);
  }

  private static ObjectNode refuse(ObjectNode answer, String code) {
    return answer.putObject("error").put("code", code).put("message", "refused");
  }
}
