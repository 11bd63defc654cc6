package dev.chowder.openclaw;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.secret.Secret;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SystemDefaultDnsResolver;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.util.Timeout;

/**
 * Tries a provider's key on the provider's list of models, which costs nothing. OpenClaw's own
 * onboarding accepts a wrong key without a word. It follows no redirects: they would carry the key
 * to whoever they name. It connects to no address that {@link ModelHosts} refuses.
 */
public final class ModelListProbe {
  /** More than any provider's list; what is beyond is not needed to judge a key. */
  private static final int MAX_ANSWER_BYTES = 4 << 20;

  /** Far more organizations than create instances on one node within a minute. */
  private static final int MAX_CACHED = 10_000;

  private static final String ANTHROPIC_VERSION = "2023-06-01";
  private static final Pattern HEADER_VALUE = Pattern.compile("[\\x21-\\x7e]+");

  /** Gemini's reason in a 400: it has no 401 for keys. */
  private static final Set<String> GEMINI_KEY_REASONS =
      Set.of("API_KEY_INVALID", "API_KEY_EXPIRED");

  private final ModelHosts hosts;
  private final Duration limit;
  private final DnsResolver names;

  /** Questions that were answered with yes. */
  private final Cache<Key, Result.Accepted> accepted;

  private record Key(String baseUrl, String api, Optional<Secret> key) {}

  /**
   * Wires the probe.
   *
   * @param hosts where it may connect to
   * @param limit of one question, from its start to its answer's last byte
   * @param cacheTime how long a key that was taken is not tried again
   */
  public ModelListProbe(ModelHosts hosts, Duration limit, Duration cacheTime) {
    this(hosts, limit, cacheTime, SystemDefaultDnsResolver.INSTANCE);
  }

  /** Asks these name servers instead of the machine's. */
  ModelListProbe(ModelHosts hosts, Duration limit, Duration cacheTime, DnsResolver names) {
    this.hosts = hosts;
    this.limit = limit;
    this.names = names;
    this.accepted =
        Caffeine.newBuilder().maximumSize(MAX_CACHED).expireAfterWrite(cacheTime).build();
  }

  /** What the provider said. */
  public sealed interface Result {
    /** It takes the key. */
    record Accepted() implements Result {}

    /** It does not. */
    record KeyRefused(int status) implements Result {}

    /** It could not be asked, or does not say. */
    record Unknown(String note) implements Result {}
  }

  /**
   * Asks, unless it was answered with yes a moment ago: a fleet's creates are not to look like an
   * attack.
   *
   * @param setup with the base URL as Chowder, not a sandbox, reaches it
   */
  public Result tryKey(ModelSetup setup) throws InterruptedException {
    HttpGet request;
    try {
      request = request(setup);
    } catch (IllegalArgumentException unusable) {
      return new Result.Unknown("the model list's URL or key cannot be sent");
    }
    var key = new Key(setup.effectiveBaseUrl(), setup.effectiveApi(), setup.key());
    var known = accepted.getIfPresent(key);
    if (known != null) return known;
    var result = ask(request, String.valueOf(URI.create(setup.effectiveBaseUrl()).getHost()));
    if (result instanceof Result.Accepted yes) accepted.put(key, yes);
    return result;
  }

  private Result ask(HttpGet request, String host) throws InterruptedException {
    var asking = new FutureTask<>(() -> answer(request, host));
    Thread.ofVirtual().name("model-list-probe").start(asking);
    try {
      return asking.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      return late(host);
    } catch (ExecutionException failed) {
      var why = failed.getCause();
      return unknown(host, why == null ? failed : why);
    } finally {
      request.abort();
      asking.cancel(true);
    }
  }

  private Result answer(HttpGet request, String host) throws IOException {
    try (var http = client(new JudgedAddresses(hosts, port(request), names))) {
      return http.execute(request, response -> judge(response, host));
    }
  }

  /** For one question: the addresses that it may connect to are judged for this URL's port. */
  private CloseableHttpClient client(DnsResolver addresses) {
    var limit = Timeout.of(this.limit);
    var connections =
        PoolingHttpClientConnectionManagerBuilder.create()
            .setDnsResolver(addresses)
            .setDefaultConnectionConfig(
                ConnectionConfig.custom().setConnectTimeout(limit).setSocketTimeout(limit).build())
            .build();
    return HttpClients.custom()
        .setConnectionManager(connections)
        .setDefaultRequestConfig(RequestConfig.custom().setResponseTimeout(limit).build())
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableCookieManagement()
        .disableAuthCaching()
        .build();
  }

  private static int port(HttpGet request) {
    int port = request.getAuthority().getPort();
    if (port > 0) return port;
    return "https".equalsIgnoreCase(request.getScheme()) ? 443 : 80;
  }

  private static Result judge(ClassicHttpResponse response, String host) throws IOException {
    int status = response.getCode();
    if (status == 200) return new Result.Accepted();
    if (status == 401 || status == 403) return new Result.KeyRefused(status);
    if (status == 400 && namesBadGeminiKey(body(response))) return new Result.KeyRefused(status);
    return new Result.Unknown(host + " answered " + status + " for its list of models");
  }

  private static String body(ClassicHttpResponse response) throws IOException {
    var entity = response.getEntity();
    if (entity == null) return "";
    return new String(entity.getContent().readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
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

  private Result unknown(String host, Throwable why) {
    return switch (why) {
      case JudgedAddresses.Private _ ->
          new Result.Unknown(
              host + ": leads to a private address (expected: a public one), so it was not asked");
      case SocketTimeoutException _ -> late(host);
      case ConnectException _ -> new Result.Unknown(host + ": no connection");
      case UnknownHostException _ -> new Result.Unknown(host + ": no connection");
      case SSLException _ -> new Result.Unknown(host + ": no secure connection");
      default -> new Result.Unknown(host + ": the connection broke");
    };
  }

  private Result late(String host) {
    return new Result.Unknown(host + ": no answer within " + limit.toSeconds() + " s");
  }

  private static HttpGet request(ModelSetup setup) {
    var base = setup.effectiveBaseUrl();
    while (base.endsWith("/")) base = base.substring(0, base.length() - 1);
    boolean anthropic = setup.effectiveApi().equals("anthropic-messages");
    boolean google = setup.effectiveApi().equals("google-generative-ai");
    // OpenClaw adds /v1 to Anthropic's base URL, and to no other.
    var path = anthropic && !base.endsWith("/v1") ? "/v1/models" : "/models";
    var request = new HttpGet(URI.create(base + path));
    if (anthropic) request.setHeader("anthropic-version", ANTHROPIC_VERSION);
    setup
        .key()
        .map(Secret::reveal)
        .ifPresent(
            key -> {
              // The client would send some other key instead, with the rest as a space.
              if (!HEADER_VALUE.matcher(key).matches()) throw new IllegalArgumentException("key");
              if (anthropic) request.setHeader("x-api-key", key);
              else if (google) request.setHeader("x-goog-api-key", key);
              else request.setHeader("authorization", "Bearer " + key);
            });
    return request;
  }
}
