package dev.chowder.cli.http;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An error response.
 *
 * @param reason the reason of docs/REST.md; empty if the response is not one of Chowder
 * @param retryAfter the time after which the server wants the call to be repeated
 * @param mayRetry whether the server permits a repetition
 */
record ApiError(
    int status, String reason, String message, Optional<Duration> retryAfter, boolean mayRetry) {
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,6}");
  private static final int MAX_MESSAGE = 2000;

  /** Reads an error, whose body may be anything. */
  static ApiError of(int status, HttpHeaders headers, String body) {
    var reason = "";
    var message = "";
    try {
      if (JsonParser.parseString(body) instanceof JsonObject json) {
        message = text(json.get("message"));
        reason = reason(json);
      }
    } catch (JsonParseException notJson) {
      message = "";
    }
    if (message.isEmpty()) {
      message = "the server responded with HTTP %d, which is no error of Chowder".formatted(status);
    }
    return new ApiError(
        status,
        reason,
        message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message,
        headers
            .firstValue("retry-after")
            .filter(value -> SECONDS.matcher(value).matches())
            .map(value -> Duration.ofSeconds(Long.parseLong(value))),
        !headers.firstValue("x-should-retry").orElse("").equals("false"));
  }

  /** Returns whether Chowder rejected the call before it was executed, so that nothing happened. */
  boolean isRejectedUnexecuted() {
    return status == 429 && reason.equals("RATE_LIMITED");
  }

  /** Returns the error as one sentence with the remedy. */
  String sentence() {
    var remedy = remedy();
    // Some messages are a whole sentence.
    var cause = message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    return remedy.isEmpty() ? cause : cause + "; " + remedy;
  }

  private String remedy() {
    return switch (reason) {
      case "KEY_INVALID" -> "set CHOWDER_KEY, or add a context with a valid key";
      case "KEY_LACKS_PERMISSION" -> "use a key with that permission, and name instances by id";
      case "ORGANIZATION_SUSPENDED" -> "ask the operator of the server";
      case "INSTANCE_NOT_FOUND" -> "\"chowder ls\" lists all instances";
      case "SESSION_NOT_FOUND" -> "\"chowder sessions ls\" lists all sessions";
      case "KEY_NOT_FOUND" -> "\"chowder keys ls\" lists all keys";
      case "SIGN_UP_CLOSED" -> "ask the operator of the server for a key";
      case "INSTANCE_LIMIT_REACHED" -> "remove an instance with \"chowder rm\" first";
      case "MODEL_PROVIDER_NOT_CONFIGURED" ->
          "configure it with \"chowder org set-provider\", or name a configured one with"
              + " --provider";
      case "WRONG_STATE" -> "\"chowder get\" shows the status";
      case "IDEMPOTENCY_KEY_REUSED" -> "choose another --idempotency-key";
      case "ALREADY_DONE" -> "its result was lost: revoke the key, or repeat the command";
      case "IN_PROGRESS" -> "\"chowder get\" shows the result";
      case "RATE_LIMITED", "NO_CAPACITY", "SERVER_UNAVAILABLE" -> later();
      case "GATEWAY_UNAVAILABLE" -> "\"chowder logs\" shows the cause";
      case "NO_ANSWER_IN_TIME" -> "it may have been executed: \"chowder get\" shows the status";
      case "HOST_UNKNOWN", "PATH_NOT_FOUND" -> "check the URL of the context";
      case "" -> "check that the URL of the context is that of a Chowder server";
      default -> "";
    };
  }

  private String later() {
    return retryAfter
        .map(time -> "repeat the command after %d s".formatted(time.toSeconds()))
        .orElse("repeat the command later");
  }

  private static String reason(JsonObject json) {
    if (!json.has("details") || !json.get("details").isJsonArray()) return "";
    for (var detail : json.getAsJsonArray("details")) {
      if (detail instanceof JsonObject info && info.has("reason")) return text(info.get("reason"));
    }
    return "";
  }

  private static String text(JsonElement element) {
    return element != null && element.isJsonPrimitive() ? element.getAsString() : "";
  }
}
