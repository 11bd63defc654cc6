package dev.chowder.server.instance;

import static dev.chowder.actor.ProtoTime.stamp;

import com.google.api.HttpBody;
import dev.chowder.api.v1.ListSessionsResponse;
import dev.chowder.api.v1.Reason;
import dev.chowder.api.v1.Session;
import dev.chowder.api.v1.SessionHistory;
import dev.chowder.api.v1.SessionMessage;
import dev.chowder.openclaw.OpenClawSessions;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.gateway.ResponsesProxy;
import io.grpc.stub.StreamObserver;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Sends messages to the sessions of an agent, and lists and deletes sessions through its gateway.
 * Stores nothing of them. Sessions outside of a key's prefix are not found. Blocks.
 */
public record InstanceSessions(
    GatewayClient client, OpenClawSessions sessions, ResponsesProxy responses) {
  private static final Comparator<OpenClawSessions.Session> LAST_USED_FIRST =
      Comparator.comparing(OpenClawSessions.Session::usedAt)
          .reversed()
          .thenComparing(OpenClawSessions.Session::id);

  /** Sends a message to the agent, and streams its response. */
  void respond(Caller caller, InstanceRequests.Message message, StreamObserver<HttpBody> out) {
    caller.requireSession(message.sessionId());
    responses.forward(
        caller.organizationId(), message.instanceId(), message.sessionId(), message.body(), out);
  }

  /** Returns a page of the sessions that the caller may see. */
  ListSessionsResponse list(Caller caller, InstanceRequests.SessionListing wanted) {
    // One more session than requested shows whether there is another page.
    int enough = wanted.pageSize() + 1;
    Predicate<OpenClawSessions.Session> isWanted =
        session ->
            caller.mayUseSession(session.id())
                && wanted.after().map(last -> isAfter(session, last)).orElse(true);
    var found =
        client.call(
            caller, wanted.instanceId(), gateway -> sessions.list(gateway, isWanted, enough));
    var seen = found.stream().sorted(LAST_USED_FIRST).limit(enough).toList();
    var response = ListSessionsResponse.newBuilder();
    seen.stream()
        .limit(wanted.pageSize())
        .map(InstanceSessions::shown)
        .forEach(response::addSessions);
    if (seen.size() > wanted.pageSize()) {
      var last = seen.get(wanted.pageSize() - 1);
      response.setNextPageToken(new InstanceRequests.SessionToken(last.usedAt(), last.id()).text());
    }
    return response.build();
  }

  /**
   * Returns whether a session comes after the last one of the previous page. A session that is used
   * in the meantime moves before it, so it was shown already or is newer than the list.
   */
  private static boolean isAfter(
      OpenClawSessions.Session session, InstanceRequests.SessionToken last) {
    int order = session.usedAt().compareTo(last.usedAt());
    return order < 0 || (order == 0 && session.id().compareTo(last.id()) > 0);
  }

  /** Returns a session with a page of its history. */
  SessionHistory history(Caller caller, InstanceRequests.HistoryListing wanted) {
    var from = wanted.from();
    var history =
        client
            .call(
                caller,
                wanted.instanceId(),
                gateway ->
                    caller.mayUseSession(wanted.sessionId())
                        ? sessions.history(
                            gateway, wanted.sessionId(), wanted.pageSize(), from.skipped())
                        : Optional.<OpenClawSessions.History>empty())
            .orElseThrow(InstanceSessions::notFound);
    // New messages since the previous page have moved some of its messages into this one.
    var messages =
        history.messages().stream().filter(message -> message.number() < from.before()).toList();
    var shown = SessionHistory.newBuilder().setSession(shown(history.session()));
    messages.stream().map(InstanceSessions::shown).forEach(shown::addMessages);
    int before = messages.isEmpty() ? from.before() : messages.getLast().number();
    history
        .next()
        .ifPresent(
            skipped ->
                shown.setNextPageToken(new InstanceRequests.HistoryToken(skipped, before).text()));
    return shown.build();
  }

  /** Deletes a session. */
  void delete(Caller caller, InstanceRequests.SessionName name) {
    boolean deleted =
        client.call(
            caller,
            name.instanceId(),
            gateway ->
                caller.mayUseSession(name.sessionId())
                    && sessions.delete(gateway, name.sessionId()));
    if (!deleted) throw notFound();
  }

  private static ApiError notFound() {
    return ApiError.of(Reason.SESSION_NOT_FOUND, "Session not found.");
  }

  private static Session shown(OpenClawSessions.Session session) {
    var shown =
        Session.newBuilder()
            .setId(session.id())
            .setUsedAt(stamp(session.usedAt()))
            .setBusy(session.busy());
    session.createdAt().ifPresent(at -> shown.setCreatedAt(stamp(at)));
    return shown.build();
  }

  private static SessionMessage shown(OpenClawSessions.Message message) {
    var shown = SessionMessage.newBuilder().setRole(message.role()).setText(message.text());
    message.at().ifPresent(at -> shown.setAt(stamp(at)));
    return shown.build();
  }
}
