package dev.chowder.apidocs;

import dev.chowder.api.v1.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The errors that Envoy returns itself, without asking the server. Renders their bodies for {@code
 * envoy/envoy.yaml}, with the codes that the protocol declares for their reasons.
 */
final class EnvoyErrors {
  private static final Reply GATEWAY =
      new Reply(502, Reason.GATEWAY_UNAVAILABLE, "the gateway did not respond");

  private static final Reply NO_OBJECT =
      new Reply(400, Reason.INVALID_FIELD, "body: must be a JSON object");

  /** Errors that Envoy recognizes by its status alone, by status. */
  private static final List<Reply> BY_STATUS =
      List.of(
          new Reply(400, Reason.INVALID_FIELD, "request: %LOCAL_REPLY_BODY%"),
          new Reply(403, Reason.NOT_ALLOWED, "request: %LOCAL_REPLY_BODY%"),
          new Reply(404, Reason.PATH_NOT_FOUND, "path: must be a method and path of docs/REST.md"),
          new Reply(
              408,
              Reason.REQUEST_INCOMPLETE,
              "request: must arrive completely within the time limit"),
          new Reply(
              413,
              Reason.TOO_LARGE,
              "body: must be at most ${CHOWDER_MAX_BODY_BYTES} bytes; for a sign-up or a call without fields "
                  + EnvoyRoutes.SMALL_BODY_BYTES
                  + ", for a Stripe event ${CHOWDER_MAX_EVENT_BYTES}"),
          new Reply(414, Reason.TOO_LARGE, "path: must be at most 4096 bytes"),
          new Reply(
              421,
              Reason.HOST_UNKNOWN,
              "host: must be one of CHOWDER_API_HOSTS, or the host of an instance's gateway_url"),
          new Reply(
              429,
              Reason.RATE_LIMITED,
              "too many requests without a well-formed key from this address; repeat the request later"),
          new Reply(431, Reason.TOO_LARGE, "headers: must be at most 16 KiB and 100 headers"),
          new Reply(
              503,
              Reason.SERVER_UNAVAILABLE,
              "the server is not available; repeat the request later"),
          new Reply(
              504,
              Reason.NO_ANSWER_IN_TIME,
              "the server did not respond in time; the request may have been executed"));

  private static final Reply OTHER =
      new Reply(500, Reason.INTERNAL, "proxy: %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%");

  private EnvoyErrors() {}

  /**
   * An error of Envoy.
   *
   * @param status HTTP status that Envoy returns
   * @param message with the placeholders of Envoy and of its template
   */
  record Reply(int status, Reason reason, String message) {}

  /** Returns all errors with a documented message, in ascending order of the status. */
  static List<Reply> all() {
    var all = new ArrayList<>(BY_STATUS);
    all.add(GATEWAY);
    all.add(NO_OBJECT);
    all.sort((a, b) -> Integer.compare(a.status(), b.status()));
    return all;
  }

  /** Returns the lines of each section of {@code envoy/envoy.yaml}. */
  static Map<String, List<String>> sections() {
    return Map.of(
        "errors by status",
        byStatus(BY_STATUS),
        "operator errors by status",
        byStatus(ofOperators()),
        "error of gateways",
        body(GATEWAY),
        "error of other bodies",
        List.of(noObject()),
        "other error",
        body(OTHER));
  }

  /**
   * Returns the errors of the operator API that Envoy recognizes by its status alone, by status.
   */
  static List<Reply> ofOperators() {
    return BY_STATUS.stream()
        // The operator API has no host names and no limit of requests in Envoy.
        .filter(reply -> reply.status() != 421 && reply.status() != 429)
        .map(
            reply ->
                switch (reply.status()) {
                  case 404 ->
                      new Reply(
                          404,
                          reply.reason(),
                          "path: must be a method and path of docs/OPERATOR.md");
                  case 413 ->
                      new Reply(
                          413,
                          reply.reason(),
                          "body: must be at most " + EnvoyRoutes.SMALL_BODY_BYTES + " bytes");
                  default -> reply;
                })
        .toList();
  }

  private static List<String> byStatus(List<Reply> replies) {
    var byStatus = new ArrayList<String>();
    for (var reply : replies) {
      byStatus.add(
          "- filter: {status_code_filter: {comparison: {op: EQ, value: {default_value: %d, runtime_key: none}}}}"
              .formatted(reply.status()));
      if (!header(reply.status()).isEmpty()) {
        byStatus.add("  headers_to_add: [{header: {%s}}]".formatted(header(reply.status())));
      }
      byStatus.add("  body_format_override:");
      body(reply).forEach(line -> byStatus.add("    " + line));
    }
    return byStatus;
  }

  /** Returns the line of Lua that replaces the transcoder's message for a body of another type. */
  private static String noObject() {
    return "local clear, count = string.gsub(text, '\"request: : Root element must be a message%%.\"', '\"%s\"')"
        .formatted(NO_OBJECT.message());
  }

  private static List<String> body(Reply reply) {
    return List.of(
        "json_format:",
        "  code: " + Reasons.code(reply.reason()).getNumber(),
        "  message: \"" + reply.message() + "\"",
        "  details: [{\"@type\": type.googleapis.com/google.rpc.ErrorInfo, reason: %s, domain: chowder.dev}]"
            .formatted(reply.reason()));
  }

  /** Returns the header that tells whether a retry can help; empty if there is none. */
  private static String header(int status) {
    return switch (status) {
      case 429, 503 -> "key: retry-after, value: \"1\"";
      // OpenAI clients would retry, although the request may have been executed.
      case 504 -> "key: x-should-retry, value: \"false\"";
      default -> "";
    };
  }
}
