package dev.chowder.cli.http;

import java.io.FileNotFoundException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A call of REST.
 *
 * @param path begins with {@code /v1}; its variable parts are encoded by {@link #segment}
 * @param body absent if the call has none
 * @param idempotencyKey absent if the call has none
 * @param isRepeatable whether the call may be executed twice without a further effect
 * @param limit for all tries together, with their pauses
 */
public record Call(
    String method,
    String path,
    Map<String, String> query,
    @Nullable Body body,
    @Nullable String idempotencyKey,
    boolean isRepeatable,
    Duration limit) {
  /** Longer than Envoy waits for a call that answers at once. */
  private static final Duration LIMIT = Duration.ofSeconds(60);

  /** A call that reads. */
  public static Call get(String path) {
    return new Call("GET", path, Map.of(), null, null, true, LIMIT);
  }

  /** A call that deletes. Repeated, it may find that the object is gone. */
  public static Call delete(String path) {
    return new Call("DELETE", path, Map.of(), null, null, true, LIMIT);
  }

  /** A call that changes something at most once, because all its tries have one new key. */
  public static Call post(String path) {
    return new Call("POST", path, Map.of(), null, UUID.randomUUID().toString(), true, LIMIT);
  }

  /** A call that must not be executed twice, of which the API accepts no idempotency key. */
  public static Call postOnce(String path) {
    return new Call("POST", path, Map.of(), null, null, false, LIMIT);
  }

  /** A call that changes something, of which each repetition has the same result. */
  public static Call again(String method, String path) {
    return new Call(method, path, Map.of(), null, null, true, LIMIT);
  }

  /** Adds a parameter to the query. */
  public Call with(String name, String value) {
    var all = new LinkedHashMap<>(query);
    all.put(name, value);
    return new Call(
        method, path, Collections.unmodifiableMap(all), body, idempotencyKey, isRepeatable, limit);
  }

  public Call json(String json) {
    return new Call(method, path, query, Body.json(json), idempotencyKey, isRepeatable, limit);
  }

  /** Sends the bytes of a file. Fails if there is no such file. */
  public Call file(Path file, String contentType) throws FileNotFoundException {
    return new Call(
        method, path, query, Body.file(file, contentType), idempotencyKey, isRepeatable, limit);
  }

  /** Replaces the idempotency key by one of the caller. */
  public Call keyed(String key) {
    return new Call(method, path, query, body, key, isRepeatable, limit);
  }

  public Call within(Duration time) {
    return new Call(method, path, query, body, idempotencyKey, isRepeatable, time);
  }

  /** Returns the path and the query as they are sent. */
  String target() {
    var target = new StringBuilder(path);
    query.forEach(
        (name, value) ->
            target
                .append(target.length() == path.length() ? '?' : '&')
                .append(segment(name))
                .append('=')
                .append(segment(value)));
    return target.toString();
  }

  /** Encodes a value as one segment of a path. */
  public static String segment(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
