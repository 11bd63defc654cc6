package dev.chowder.client;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.chowder.client.failure.ClientException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The server, or Envoy, responded with an error, whose message is that of the server (at most 2000
 * characters). Another program at the URL may have responded, too; then there is no reason.
 */
public final class ApiException extends ClientException {
  private static final long serialVersionUID = 1L;

  private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9-]{1,64}");
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,6}");
  private static final int MAX_MESSAGE = 2000;

  private final int status;
  private final String reason;
  private final transient Optional<Duration> retryAfter;
  private final boolean mayRetry;
  private final String requestId;
  private boolean isOfRepeatedCall;

  /**
   * Creates the failure.
   *
   * @param retryAfter the time after which the server wants the call to be repeated
   * @param mayRetry whether the server permits a repetition
   * @param requestId empty if the response has none
   */
  ApiException(
      int status,
      String reason,
      String message,
      Optional<Duration> retryAfter,
      boolean mayRetry,
      String requestId) {
    super(Kind.REJECTED, message);
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
    this.mayRetry = mayRetry;
    this.requestId = requestId;
  }

  /** Reads an error, whose body may be anything. */
  static ApiException of(int status, HttpHeaders headers, String body) {
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
    return new ApiException(
        status,
        reason,
        message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message,
        headers
            .firstValue("retry-after")
            .filter(value -> SECONDS.matcher(value).matches())
            .map(value -> Duration.ofSeconds(Long.parseLong(value))),
        !headers.firstValue("x-should-retry").orElse("").equals("false"),
        headers
            .firstValue("x-request-id")
            .filter(value -> REQUEST_ID.matcher(value).matches())
            .orElse(""));
  }

  /** Returns the status of HTTP. */
  public int status() {
    return status;
  }

  /** Returns the reason of docs/REST.md; empty if the response has none. */
  public String reason() {
    return reason;
  }

  /** Returns the id by which the server's log names the call; empty if it sent none. */
  public String requestId() {
    return requestId;
  }

  /** Returns the time after which the server wants the call to be repeated; empty if unknown. */
  public Optional<Duration> retryAfter() {
    return retryAfter;
  }

  /** Returns whether an earlier try of the call may have been executed. */
  public boolean isOfRepeatedCall() {
    return isOfRepeatedCall;
  }

  ApiException ofRepeatedCall() {
    isOfRepeatedCall = true;
    return this;
  }

  boolean mayRetry() {
    return mayRetry;
  }

  /** Returns whether Chowder rejected the call before it was executed, so that nothing happened. */
  boolean isRejectedUnexecuted() {
    return status == 429 && reason.equals("RATE_LIMITED");
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
