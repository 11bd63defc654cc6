package dev.chowder.openclaw.model;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.chowder.openclaw.config.OpenClawConfig;
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
 * Checks a provider's key by requesting the provider's list of models, which costs nothing.
 * OpenClaw's own onboarding silently accepts a wrong key. Follows no redirects, since they would
 * send the key to another server. Connects to no address that {@link ModelHosts} forbids.
 */
public final class ModelListProbe {
  /** More than any provider's list. A key can be checked without the bytes beyond. */
  private static final int MAX_RESPONSE_BYTES = 4 << 20;

  /** Far more than the organizations that create instances on one node within a minute. */
  private static final int MAX_CACHED = 10_000;

  private static final String ANTHROPIC_VERSION = "2023-06-01";
  private static final Pattern HEADER_VALUE = Pattern.compile("[\\x21-\\x7e]+");

  /** Gemini's reasons for a wrong key, in a response 400. Gemini does not use 401 for keys. */
  private static final Set<String> GEMINI_KEY_REASONS =
      Set.of("API_KEY_INVALID", "API_KEY_EXPIRED");

  private final ModelHosts hosts;
  private final Duration limit;
  private final DnsResolver names;

  /** The keys that were accepted recently. */
  private final Cache<Key, Result.Accepted> accepted;

  private record Key(String baseUrl, String api, Optional<Secret> key) {}

  /**
   * Creates the probe.
   *
   * @param hosts the permitted hosts
   * @param limit the maximum duration of one request, up to the last byte of its response
   * @param cacheTime how long an accepted key is not checked again
   */
  public ModelListProbe(ModelHosts hosts, Duration limit, Duration cacheTime) {
    this(hosts, limit, cacheTime, SystemDefaultDnsResolver.INSTANCE);
  }

  /** Creates the probe with a resolver other than the machine's. */
  ModelListProbe(ModelHosts hosts, Duration limit, Duration cacheTime, DnsResolver names) {
    this.hosts = hosts;
    this.limit = limit;
    this.names = names;
    this.accepted =
        Caffeine.newBuilder().maximumSize(MAX_CACHED).expireAfterWrite(cacheTime).build();
  }

  /** The result of a check. */
  public sealed interface Result {
    /** The provider accepts the key. */
    record Accepted() implements Result {}

    /** The provider rejects the key. */
    record KeyRefused(int status) implements Result {}

    /** The check failed, or its response does not show whether the key is valid. */
    record Unknown(String note) implements Result {}
  }

  /**
   * Checks the key, unless it was accepted recently: the creations of a fleet must not look like an
   * attack to the provider.
   *
   * @param setup has the base URL for Chowder, which differs from a sandbox's for localhost
   */
  public Result tryKey(ModelSetup setup) throws InterruptedException {
    HttpGet request;
    try {
      request = request(setup);
    } catch (IllegalArgumentException unusable) {
      return unknown("the URL or the key has invalid characters");
    }
    var key = new Key(setup.effectiveBaseUrl(), setup.effectiveApi(), setup.key());
    var known = accepted.getIfPresent(key);
    if (known != null) return known;
    var result = check(request, String.valueOf(URI.create(setup.effectiveBaseUrl()).getHost()));
    if (result instanceof Result.Accepted yes) accepted.put(key, yes);
    return result;
  }

  private Result check(HttpGet request, String host) throws InterruptedException {
    var checking = new FutureTask<>(() -> response(request, host));
    Thread.ofVirtual().name("model-list-probe").start(checking);
    try {
      return checking.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      return late(host);
    } catch (ExecutionException failed) {
      var why = failed.getCause();
      return unknown(host, why == null ? failed : why);
    } finally {
      request.abort();
      checking.cancel(true);
    }
  }

  private Result response(HttpGet request, String host) throws IOException {
    try (var http = client(new PermittedAddresses(hosts, port(request), names))) {
      return http.execute(request, response -> judge(response, host));
    }
  }

  /** Creates a client for one request, because the permitted addresses depend on the URL's port. */
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
    return unknown(host + " responded to the list of models with HTTP " + status);
  }

  private static String body(ClassicHttpResponse response) throws IOException {
    var entity = response.getEntity();
    if (entity == null) return "";
    return new String(entity.getContent().readNBytes(MAX_RESPONSE_BYTES), StandardCharsets.UTF_8);
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
      case PermittedAddresses.Private _ ->
          unknown(host + " resolves to a private address, which the operator does not allow");
      case SocketTimeoutException _ -> late(host);
      case ConnectException _ -> unknown(cannotConnect(host));
      case UnknownHostException _ -> unknown(cannotConnect(host));
      case SSLException _ -> unknown("TLS to " + host + " failed");
      default -> unknown("the connection to " + host + " was lost");
    };
  }

  private Result late(String host) {
    return unknown(host + " did not respond within " + limit.toSeconds() + " s");
  }

  private static String cannotConnect(String host) {
    return "the connection to " + host + " failed";
  }

  private static Result unknown(String cause) {
    return new Result.Unknown(cannot("check the model key", cause));
  }

  private static HttpGet request(ModelSetup setup) {
    var base = setup.effectiveBaseUrl();
    while (base.endsWith("/")) base = base.substring(0, base.length() - 1);
    boolean anthropic = setup.effectiveApi().equals("anthropic-messages");
    boolean google = setup.effectiveApi().equals("google-generative-ai");
    // OpenClaw adds /v1 to Anthropic's base URL only.
    var path = anthropic && !base.endsWith("/v1") ? "/v1/models" : "/models";
    var request = new HttpGet(URI.create(base + path));
    if (anthropic) request.setHeader("anthropic-version", ANTHROPIC_VERSION);
    setup
        .key()
        .map(Secret::reveal)
        .ifPresent(
            key -> {
              // The client would replace other characters by spaces, and so send another key.
              if (!HEADER_VALUE.matcher(key).matches()) throw new IllegalArgumentException("key");
              if (anthropic) request.setHeader("x-api-key", key);
              else if (google) request.setHeader("x-goog-api-key", key);
              else request.setHeader("authorization", "Bearer " + key);
            });
    return request;
  }
}
