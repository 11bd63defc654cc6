package dev.chowder.openclaw;

import static dev.chowder.openclaw.config.OpenClawConfig.none;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;

/**
 * Lists, reads and deletes an agent's sessions at its gateway. Covers only sessions that have an id
 * in Chowder's API. Blocks.
 */
public record OpenClawSessions(
    GatewayConversations conversations, OpenClawSettings.Sessions settings) {
  /** The agent's own session, which OpenClaw can empty but never remove. */
  private static final String MAIN = "main";

  /** Rows per request, a few hundred kilobytes. */
  private static final int BATCH = 200;

  /**
   * A session.
   *
   * @param id the id in Chowder's API
   * @param usedAt the time of the last message
   * @param busy whether the agent works in the session now
   */
  public record Session(String id, Optional<Instant> createdAt, Instant usedAt, boolean busy) {}

  /**
   * A message.
   *
   * @param number the position in the session, ascending; messages that belong together may share
   *     one
   * @param role {@code user}, {@code assistant}, or another role of OpenClaw
   */
  public record Message(int number, String role, String text, Optional<Instant> at) {}

  /**
   * A page of a session's messages.
   *
   * @param messages the messages, newest first
   * @param next the number of OpenClaw's newest records to skip for older messages; empty if none
   */
  public record History(Session session, List<Message> messages, Optional<Integer> next) {}

  /**
   * Returns the wanted sessions, most recently used first. Sessions of the same time are in no
   * order, and none of them is left out.
   *
   * @param enough the number of sessions after which others may be left out
   */
  public List<Session> list(Gateway gateway, Predicate<Session> wanted, int enough)
      throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var found = new ArrayList<Session>();
      for (int offset = 0; offset < settings.maxListed(); offset += BATCH) {
        var page = socket.call("sessions.list", batch(offset)).payload();
        for (var row : page.path("sessions")) {
          var session = session(row).filter(wanted);
          if (session.isEmpty()) continue;
          if (found.size() >= enough && !session.get().usedAt().equals(found.getLast().usedAt())) {
            return found;
          }
          found.add(session.get());
        }
        if (!page.path("hasMore").asBoolean()) break;
      }
      return found;
    }
  }

  private static ObjectNode batch(int offset) {
    return none()
        .put("agentId", "main")
        .put("limit", BATCH)
        .put("offset", offset)
        // The default order puts pinned sessions first.
        .put("sortBy", "activity")
        .put("excludeSubagents", true)
        .put("excludeCron", true)
        .put("archived", "all");
  }

  /**
   * Returns messages of a session, newest first; empty if the session does not exist.
   *
   * @param limit the maximum number of OpenClaw's records, some of which may have no text
   * @param skipped the number of newest records to skip
   */
  public Optional<History> history(Gateway gateway, String id, int limit, int skipped)
      throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var session = find(socket, id);
      if (session.isEmpty()) return Optional.empty();
      var params =
          none()
              .put("sessionKey", SessionKey.fullKey(id))
              .put("limit", limit)
              .put("offset", skipped)
              .put("maxChars", settings.maxText())
              .put("maxBytes", settings.maxHistory());
      var page = socket.call("chat.history", params).payload();
      var messages = new ArrayList<Message>();
      page.path("messages").forEach(row -> message(row).ifPresent(messages::add));
      return Optional.of(
          new History(
              session.get(),
              messages.reversed(),
              page.path("hasMore").asBoolean()
                  ? Optional.of(page.path("nextOffset").asInt())
                  : Optional.empty()));
    }
  }

  /** Stops the work in a session and removes its messages. Returns whether the session existed. */
  public boolean delete(Gateway gateway, String id) throws InterruptedException {
    try (var socket = conversations.open(gateway, settings.deleteTimeout())) {
      if (find(socket, id).isEmpty()) return false;
      if (!id.equals(MAIN)) return delete(socket, id);
      reset(socket, id);
      return true;
    }
  }

  /**
   * Deletes a session that is not the agent's own. Empties it first: after the deletion of a
   * session with messages, OpenClaw ends the worker thread that reads transcripts, and the agent's
   * next turn waits one to two seconds for a new one (ADR 0058).
   */
  static boolean delete(GatewaySocket socket, String id) throws InterruptedException {
    reset(socket, id);
    var params = none().put("key", SessionKey.fullKey(id)).put("deleteTranscript", true);
    return socket.call("sessions.delete", params).payload().path("deleted").asBoolean();
  }

  private static void reset(GatewaySocket socket, String id) throws InterruptedException {
    var params = none().put("key", SessionKey.fullKey(id));
    var _ = socket.call("sessions.reset", params).payload();
  }

  private static Optional<Session> find(GatewaySocket socket, String id)
      throws InterruptedException {
    var params = none().put("key", SessionKey.fullKey(id));
    return session(socket.call("sessions.describe", params).payload().path("session"));
  }

  private static Optional<Session> session(JsonNode row) {
    return SessionKey.idOf(row.path("key").asText())
        .map(
            id ->
                new Session(
                    id,
                    // If a message created the session, only its placement has the creation time.
                    time(row.path("createdAt")).or(() -> time(row.at("/placement/createdAtMs"))),
                    usedAt(row),
                    row.path("hasActiveRun").asBoolean()));
  }

  /** Uses the times by which OpenClaw sorts. */
  private static Instant usedAt(JsonNode row) {
    long active =
        LongStream.of(row.path("lastActivityAt").asLong(), row.path("lastInteractionAt").asLong())
            .max()
            .orElse(0);
    return Instant.ofEpochMilli(active > 0 ? active : row.path("updatedAt").asLong());
  }

  private static Optional<Message> message(JsonNode row) {
    var text = text(row.path("content"));
    // OpenClaw marks where a session was emptied. The mark is not a message.
    if (text.isBlank() || row.at("/__openclaw/kind").asText().equals("reset")) {
      return Optional.empty();
    }
    return Optional.of(
        new Message(
            row.at("/__openclaw/seq").asInt(),
            row.path("role").asText("unknown"),
            text,
            time(row.path("timestamp"))));
  }

  private static String text(JsonNode content) {
    if (content.isTextual()) return content.asText();
    return StreamSupport.stream(content.spliterator(), false)
        .filter(part -> part.path("type").asText().equals("text"))
        .map(part -> part.path("text").asText())
        .collect(Collectors.joining("\n"));
  }

  private static Optional<Instant> time(JsonNode millis) {
    return millis.isNumber() && millis.asLong() > 0
        ? Optional.of(Instant.ofEpochMilli(millis.asLong()))
        : Optional.empty();
  }
}
