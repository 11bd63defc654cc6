package dev.chowder.cli.instance;

import com.google.gson.JsonObject;
import dev.chowder.api.v1.Instance;
import dev.chowder.client.Api;
import dev.chowder.client.Call;
import dev.chowder.client.EventStream;
import dev.chowder.client.Paged;
import dev.chowder.client.Reply;
import java.time.Duration;
import java.util.Map;

/** The calls that concern instances. Ids are UUIDs, so they need no encoding. */
record Instances(Api api) {
  private static final String ALL = "/v1/instances";
  private static final Duration OPEN_LIMIT = Duration.ofSeconds(30);

  /** The server first asks the sandbox, which takes longer while it starts. */
  private static final Duration LOGS_LIMIT = Duration.ofSeconds(60);

  Reply create(JsonObject request, String idempotencyKey) {
    return api.send(Call.post(ALL).json(request.toString()).keyed(idempotencyKey));
  }

  /** Returns the newest instances, at most this many. */
  Paged list(Map<String, String> filters, int limit) {
    var call = Call.get(ALL);
    for (var filter : filters.entrySet()) call = call.with(filter.getKey(), filter.getValue());
    return Paged.read(api, call, "instances", limit);
  }

  Reply get(String id) {
    return api.send(Call.get(path(id)));
  }

  /** Merges fields into those of an instance. A merge has the same result if it is repeated. */
  Reply update(String id, JsonObject request) {
    return api.send(Call.again("PATCH", path(id)).json(request.toString()));
  }

  /** Requests a change of the status, such as {@code start}, and does not wait for it. */
  Reply request(String id, String verb) {
    return api.send(Call.post(path(id) + "/" + verb).with("wait", "0"));
  }

  void delete(String id) {
    var _ = api.send(Call.delete(path(id)));
  }

  /** Opens a stream of an instance that begins with its first newer revision. */
  EventStream watch(String id, int afterRevision, Duration limit) {
    return api.stream(
        Call.get(path(id) + "/watch")
            .with("after_revision", Integer.toString(afterRevision))
            .within(limit));
  }

  /**
   * Opens a stream of all instances.
   *
   * @param cursor where to resume; empty for the current state of all
   */
  EventStream watchAll(String cursor) {
    var call = Call.get("/v1/watch").within(OPEN_LIMIT);
    return api.stream(cursor.isEmpty() ? call : call.with("after", cursor));
  }

  EventStream logs(String id, int lines, boolean follow) {
    return api.stream(
        Call.get(path(id) + "/logs")
            .with("lines", Integer.toString(lines))
            .with("follow", Boolean.toString(follow))
            .within(LOGS_LIMIT));
  }

  /**
   * Returns the call that sends a message to an agent. It is never repeated once the agent may have
   * it.
   *
   * @param session empty for the agent's session {@code main}
   */
  static Call message(String id, String session, JsonObject request, Duration limit) {
    var path =
        session.isEmpty()
            ? path(id) + "/responses"
            : path(id) + "/session/" + Call.segment(session) + "/responses";
    return Call.postOnce(path).json(request.toString()).within(limit);
  }

  private static String path(String id) {
    return ALL + "/" + id;
  }

  static Instance parse(Reply reply) {
    return reply.as(Instance.getDefaultInstance());
  }
}
