package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.chowder.secret.Secret;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Tries a provider's key on the provider's list of models, which costs nothing. OpenClaw's own
 * onboarding accepts a wrong key without a word. The client must not follow redirects: they would
 * carry the key to whoever they name.
 */
public final class ModelListProbe {
  /** More than any provider's list; what is beyond is not needed to judge a key. */
  private static final long MAX_ANSWER_BYTES = 4 << 20;

  private static final String ANTHROPIC_VERSION = "2023-06-01";

  /** Gemini's reason in a 400: it has no 401 for keys. */
  private static final Set<String> GEMINI_KEY_REASONS =
      Set.of("API_KEY_INVALID", "API_KEY_EXPIRED");

  private final HttpClient http;
  private final Duration limit;

  /**
   * Wires the probe.
   *
   * @param limit of one question, from its start to its answer's last byte
   */
  public ModelListProbe(HttpClient http, Duration limit) {
    if (http.followRedirects() != HttpClient.Redirect.NEVER) {
      throw new IllegalArgumentException("redirects: followed (expected: never)");
    }
    this.http = http;
    this.limit = limit;
  }

  /** What the provider said. */
  public sealed interface Finding {
    /** It takes the key. */
    record Accepted() implements Finding {}

    /** It does not. */
    record KeyRefused(int status) implements Finding {}

    /** It could not be asked, or does not say. */
    record Unknown(String note) implements Finding {}
  }

  /**
   * Asks.
   *
   * @param setup with the base URL as Chowder, not a sandbox, reaches it
   */
  public Finding tryKey(ModelSetup setup) throws InterruptedException {
    HttpRequest request;
    try {
      request = request(setup);
    } catch (IllegalArgumentException unusable) {
      return new Finding.Unknown("the model list's URL or key cannot be sent");
    }
    var answer =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofString(), MAX_ANSWER_BYTES));
    try {
      return judge(answer.get(limit.toMillis(), TimeUnit.MILLISECONDS));
    } catch (TimeoutException late) {
      return unknown(setup, "no answer within " + limit.toSeconds() + " s");
    } catch (ExecutionException failed) {
      return unknown(setup, reason(failed));
    } finally {
      answer.cancel(true);
    }
  }

  private static Finding judge(HttpResponse<String> response) {
    int status = response.statusCode();
    if (status == 200) return new Finding.Accepted();
    if (status == 401 || status == 403) return new Finding.KeyRefused(status);
    if (status == 400 && namesBadGeminiKey(response.body())) return new Finding.KeyRefused(status);
    return new Finding.Unknown(
        response.uri().getHost() + " answered " + status + " for its list of models");
  }

  private static boolean namesBadGeminiKey(String body) {
    try {
      for (var detail : OpenClawConfig.JSON.readTree(body).path("error").path("details")) {
        if (GEMINI_KEY_REASONS.contains(detail.path("reason").asText())) return true;
      }
    } catch (JsonProcessingException noJson) {
      return false;
    }
    return false;
  }

  private static Finding unknown(ModelSetup setup, String why) {
    return new Finding.Unknown(URI.create(setup.effectiveBaseUrl()).getHost() + ": " + why);
  }

  private static String reason(ExecutionException failed) {
    return switch (failed.getCause()) {
      case java.net.ConnectException _ -> "no connection";
      case javax.net.ssl.SSLException _ -> "no secure connection";
      case null, default -> "the connection broke";
    };
  }

  private HttpRequest request(ModelSetup setup) {
    var base = setup.effectiveBaseUrl();
    while (base.endsWith("/")) base = base.substring(0, base.length() - 1);
    boolean anthropic = setup.effectiveApi().equals("anthropic-messages");
    boolean google = setup.effectiveApi().equals("google-generative-ai");
    // OpenClaw adds /v1 to Anthropic's base URL, and to no other.
    var path = anthropic && !base.endsWith("/v1") ? "/v1/models" : "/models";
    var request = HttpRequest.newBuilder(URI.create(base + path)).timeout(limit).GET();
    if (anthropic) request.header("anthropic-version", ANTHROPIC_VERSION);
    setup
        .key()
        .map(Secret::reveal)
        .ifPresent(
            key -> {
              if (anthropic) request.header("x-api-key", key);
              else if (google) request.header("x-goog-api-key", key);
              else request.header("authorization", "Bearer " + key);
            });
    return request.build();
  }
}
