package dev.chowder.openclaw;

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
 * An agent's sessions, as its gateway keeps them: of those, the ones that an id of ours leads to.
 * Blocks.
 */
public final class OpenClawSessions {
  /** The agent's own session, which OpenClaw empties and never takes away. */
  private static final String MAIN = "main";

  /** Rows of one question: a few hundred kilobytes. */
  private static final int BATCH = 200;

  private final GatewayConversations conversations;
  private final OpenClawSettings.Sessions settings;

  public OpenClawSessions(GatewayConversations conversations, OpenClawSettings.Sessions settings) {
    this.conversations = conversations;
    this.settings = settings;
  }

  /**
   * A session.
   *
   * @param id the one that leads to it
   * @param usedAt when something was last said in it
   * @param busy whether the agent works in it right now
   */
  public record Session(String id, Optional<Instant> createdAt, Instant usedAt, boolean busy) {}

  /**
   * Something that was said.
   *
   * @param number its place in the session, growing; what belongs together may share one
   * @param role {@code user}, {@code assistant}, or OpenClaw's word for another one
   */
  public record Message(int number, String role, String text, Optional<Instant> at) {}

  /**
   * A part of what was said in a session.
   *
   * @param messages newest first
   * @param next how many of OpenClaw's newest records lie before what is older; empty: nothing is
   */
  public record History(Session session, List<Message> messages, Optional<Integer> next) {}

  /**
   * Those that are wanted, the last used first; in no order among those of the same moment, of
   * which none is left out.
   *
   * @param enough after how many others may be left out
   */
  public List<Session> list(Gateway gateway, Predicate<Session> wanted, int enough)
      throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var found = new ArrayList<Session>();
      for (int offset = 0; offset < settings.maxListed(); offset += BATCH) {
        var page = GatewayConversations.ask(socket, "sessions.list", batch(offset));
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
        // The default puts first what somebody pinned.
        .put("sortBy", "activity")
        .put("excludeSubagents", true)
        .put("excludeCron", true)
        .put("archived", "all");
  }

  /**
   * What was said in a session, from the newest backwards; empty when there is no such session.
   *
   * @param limit of OpenClaw's records, which may hold nothing to read
   * @param skipped how many of its newest records are left out
   */
  public Optional<History> history(Gateway gateway, String id, int limit, int skipped)
      throws InterruptedException {
    try (var socket = conversations.open(gateway)) {
      var session = find(socket, id);
      if (session.isEmpty()) return Optional.empty();
      var params =
          none()
              .put("sessionKey", SessionKey.inFull(id))
              .put("limit", limit)
              .put("offset", skipped)
              .put("maxChars", settings.maxText())
              .put("maxBytes", settings.maxHistory());
      var page = GatewayConversations.ask(socket, "chat.history", params);
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

  /** Ends what is under way in a session and removes what was said in it; whether it was there. */
  public boolean delete(Gateway gateway, String id) throws InterruptedException {
    try (var socket = conversations.open(gateway, settings.deleteLimit())) {
      if (find(socket, id).isEmpty()) return false;
      var params = none().put("key", SessionKey.inFull(id));
      if (id.equals(MAIN)) {
        GatewayConversations.ask(socket, "sessions.reset", params);
        return true;
      }
      params.put("deleteTranscript", true);
      return GatewayConversations.ask(socket, "sessions.delete", params)
          .path("deleted")
          .asBoolean();
    }
  }

  private static Optional<Session> find(GatewaySocket socket, String id)
      throws InterruptedException {
    var params = none().put("key", SessionKey.inFull(id));
    return session(GatewayConversations.ask(socket, "sessions.describe", params).path("session"));
  }

  private static Optional<Session> session(JsonNode row) {
    return SessionKey.idOf(row.path("key").asText())
        .map(
            id ->
                new Session(
                    id,
                    // Of sessions that messages made, the row of its place alone has a beginning.
                    time(row.path("createdAt")).or(() -> time(row.at("/placement/createdAtMs"))),
                    usedAt(row),
                    row.path("hasActiveRun").asBoolean()));
  }

  /** By the times that OpenClaw's own order goes by. */
  private static Instant usedAt(JsonNode row) {
    long active =
        LongStream.of(row.path("lastActivityAt").asLong(), row.path("lastInteractionAt").asLong())
            .max()
            .orElse(0);
    return Instant.ofEpochMilli(active > 0 ? active : row.path("updatedAt").asLong());
  }

  private static Optional<Message> message(JsonNode row) {
    var text = text(row.path("content"));
    // Where a session was emptied, OpenClaw puts a mark that nobody said.
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

  private static ObjectNode none() {
    return OpenClawConfig.JSON.createObjectNode();
  }
}
