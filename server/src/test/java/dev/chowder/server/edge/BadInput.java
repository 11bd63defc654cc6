package dev.chowder.server.edge;

import com.google.protobuf.ByteString;
import dev.chowder.api.v1.Reason;
import dev.chowder.server.error.ReasonFacts;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A bad REST request and its documented result. Words in braces are names of a {@link World}, such
 * as {@code {running}} for the id of a running instance.
 *
 * @param what name of the row
 * @param status HTTP status; the reason's own, except for a path or headers that are too large
 */
record BadInput(
    String what,
    String method,
    String target,
    Map<String, String> headers,
    ByteString body,
    int status,
    Reason reason) {

  /**
   * Returns a request of an organization that may do everything, unless the row changes the key.
   */
  static BadInput of(String what, String call, Reason reason) {
    int space = call.indexOf(' ');
    return new BadInput(
        what,
        call.substring(0, space),
        call.substring(space + 1),
        Map.of("Host", "localhost", "Authorization", "Bearer {key}"),
        ByteString.EMPTY,
        ReasonFacts.of(reason).httpStatus(),
        reason);
  }

  /** Returns one row for each of several paths or queries that are bad for the same reason. */
  static List<BadInput> each(String what, Reason reason, String... calls) {
    return Arrays.stream(calls)
        .map(
            call ->
                of(what + ": " + (call.length() > 90 ? call.substring(0, 90) : call), call, reason))
        .toList();
  }

  BadInput json(String text) {
    return body(ByteString.copyFromUtf8(text)).with("Content-Type", "application/json");
  }

  BadInput body(ByteString bytes) {
    return new BadInput(what, method, target, headers, bytes, status, reason);
  }

  BadInput with(String header, String value) {
    var more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new BadInput(what, method, target, more, body, status, reason);
  }

  BadInput without(String header) {
    var fewer = new LinkedHashMap<>(headers);
    fewer.remove(header);
    return new BadInput(what, method, target, fewer, body, status, reason);
  }

  BadInput key(String name) {
    return with("Authorization", "Bearer {" + name + "}");
  }

  BadInput status(int other) {
    return new BadInput(what, method, target, headers, body, other, reason);
  }

  /** Returns the request as it is sent in this world. */
  RawHttp.Request request(World world) {
    var filled = new LinkedHashMap<String, String>();
    headers.forEach((name, value) -> filled.put(name, world.fill(value)));
    return new RawHttp.Request(
        method,
        world.fill(target),
        filled,
        body.isValidUtf8()
            ? ByteString.copyFrom(world.fill(body.toStringUtf8()), StandardCharsets.UTF_8)
            : body);
  }
}
