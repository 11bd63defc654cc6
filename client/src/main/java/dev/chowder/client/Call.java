package dev.chowder.client;

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
 * A call of REST, as docs/REST.md describes it. Its limit is 60 s unless {@link #within} sets
 * another one.
 *
 * @param method such as {@code GET}
 * @param path begins with {@code /v1}; its variable parts are encoded by {@link #segment}
 * @param query the parameters, not encoded
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

  /** Returns a call that reads. */
  public static Call get(String path) {
    return new Call("GET", path, Map.of(), null, null, true, LIMIT);
  }

  /**
   * Returns a call that deletes. Repeated, it may find that the object is gone ({@link
   * ApiException#isOfRepeatedCall}).
   */
  public static Call delete(String path) {
    return new Call("DELETE", path, Map.of(), null, null, true, LIMIT);
  }

  /** Returns a call that changes something at most once: all its tries have one new key. */
  public static Call post(String path) {
    return new Call("POST", path, Map.of(), null, UUID.randomUUID().toString(), true, LIMIT);
  }

  /** Returns a call that must not be executed twice, and that accepts no idempotency key. */
  public static Call postOnce(String path) {
    return new Call("POST", path, Map.of(), null, null, false, LIMIT);
  }

  /** Returns a call that changes something, of which each repetition has the same result. */
  public static Call again(String method, String path) {
    return new Call(method, path, Map.of(), null, null, true, LIMIT);
  }

  /** Returns a copy with another parameter of the query. */
  public Call with(String name, String value) {
    var all = new LinkedHashMap<>(query);
    all.put(name, value);
    return new Call(
        method, path, Collections.unmodifiableMap(all), body, idempotencyKey, isRepeatable, limit);
  }

  /** Returns a copy with this body. */
  public Call json(String json) {
    return new Call(method, path, query, Body.json(json), idempotencyKey, isRepeatable, limit);
  }

  /**
   * Returns a copy whose body are the bytes of a file, which are read as they are sent.
   *
   * @throws FileNotFoundException if there is no such file
   */
  public Call file(Path file, String contentType) throws FileNotFoundException {
    return new Call(
        method, path, query, Body.file(file, contentType), idempotencyKey, isRepeatable, limit);
  }

  /** Returns a copy with an idempotency key of the caller. */
  public Call keyed(String key) {
    return new Call(method, path, query, body, key, isRepeatable, limit);
  }

  /** Returns a copy with this limit for all tries together. */
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

  /** Returns a value, encoded as one segment of a path. */
  public static String segment(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
