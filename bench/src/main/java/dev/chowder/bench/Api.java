package dev.chowder.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A client of Chowder: REST and the operator API through Envoy, and the metrics of a node. Collects
 * all unexpected responses. Concurrent calls use separate connections.
 */
final class Api {
  static final Pattern ID = Pattern.compile("\"id\":\\s*\"([^\"]+)\"");
  private static final Pattern KEY = Pattern.compile("\"api_key\":\\s*\"([^\"]+)\"");

  /** Longer than any call of a bench may take. */
  static final Duration CALL_LIMIT = Duration.ofSeconds(60);

  /** Maximum number of kinds of unexpected responses in a report. */
  private static final int SHOWN = 5;

  private final Endpoints endpoints;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(CALL_LIMIT)
          .build();
  private final Map<String, Unexpected> unexpected = new LinkedHashMap<>();

  Api(Endpoints endpoints) {
    this.endpoints = endpoints;
  }

  private record Unexpected(String first, int times) {}

  /** An organization and its key. */
  record Organization(String id, String key) {}

  /**
   * Creates an organization without an instance limit, whose custom provider listens on this port
   * of the host.
   */
  Organization signUp(String name, int modelPort) throws IOException, InterruptedException {
    var answer =
        call("POST", "/v1/organization/signup", "{\"name\":\"%s\"}".formatted(name), "").body();
    var made = new Organization(first(ID, answer), first(KEY, answer));
    var endpoint =
        "{\"model_endpoints\":{\"custom\":{\"base_url\":\"http://localhost:%d/v1\",\"model\":\"%s\"}}}"
            .formatted(modelPort, Models.NAME);
    expect(call("PATCH", "/v1/organization", endpoint, made.key()), 200);
    setTier(made.id(), "whale");
    return made;
  }

  /** Sets the tier of an organization, which limits the number of its instances. */
  void setTier(String organizationId, String tier) throws IOException, InterruptedException {
    var path = "/operator/v1/organizations/" + organizationId + "/tier";
    var _ = asOperator(endpoints.operator(), "PUT", path, "{\"tier\":\"%s\"}".formatted(tier));
  }

  HttpResponse<String> get(String path, String key) throws IOException, InterruptedException {
    return call("GET", path, "", key);
  }

  HttpResponse<String> call(String method, String path, String body, String key)
      throws IOException, InterruptedException {
    return call(endpoints.rest(), method, path, body, key);
  }

  private HttpResponse<String> call(URI server, String method, String path, String body, String key)
      throws IOException, InterruptedException {
    return http.send(
        request(server, path, key).timeout(CALL_LIMIT).method(method, publisher(body)).build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** Calls and returns the response as a stream of lines. */
  <T> HttpResponse<T> post(String path, String body, String key, HttpResponse.BodyHandler<T> reader)
      throws IOException, InterruptedException {
    return http.send(request(endpoints.rest(), path, key).POST(publisher(body)).build(), reader);
  }

  private String asOperator(URI port, String method, String path, String body)
      throws IOException, InterruptedException {
    var token = Files.readString(endpoints.operatorToken()).strip();
    var answer = call(port, method, path, body, token);
    if (answer.statusCode() / 100 != 2)
      throw new IOException(path + ": " + answer.statusCode() + " " + answer.body());
    return answer.body();
  }

  /**
   * Returns the sum of a metric of the first node over all its labels; 0 if the node has no such
   * metric.
   */
  double figure(String name) throws IOException, InterruptedException {
    return asOperator(endpoints.monitoring(), "GET", "/metrics", "")
        .lines()
        .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Returns whether the response has that status. Collects it as unexpected if not. */
  boolean expect(HttpResponse<String> answer, int status) {
    if (answer.statusCode() == status) return true;
    unexpected(
        Integer.toString(answer.statusCode()),
        answer.request().uri().getPath() + ": " + answer.statusCode() + " " + answer.body());
    return false;
  }

  void unexpected(String what) {
    unexpected(what, what);
  }

  private void unexpected(String sort, String what) {
    synchronized (unexpected) {
      unexpected.merge(
          sort,
          new Unexpected(what, 1),
          (there, one) -> new Unexpected(there.first(), there.times() + 1));
    }
  }

  /** Returns the unexpected responses as the end of a report; empty if there are none. */
  String complaint() {
    synchronized (unexpected) {
      return unexpected.values().stream()
          .limit(SHOWN)
          .map(one -> "\nNot as expected, %d times: %s".formatted(one.times(), one.first()))
          .collect(Collectors.joining());
    }
  }

  static String first(Pattern pattern, String text) {
    var matcher = pattern.matcher(text);
    if (!matcher.find()) throw new IllegalStateException("no " + pattern + " in " + text);
    return matcher.group(1);
  }

  private static HttpRequest.Builder request(URI server, String path, String key) {
    var request =
        HttpRequest.newBuilder(server.resolve(path)).header("Content-Type", "application/json");
    return key.isEmpty() ? request : request.header("Authorization", "Bearer " + key);
  }

  private static HttpRequest.BodyPublisher publisher(String body) {
    return body.isEmpty()
        ? HttpRequest.BodyPublishers.noBody()
        : HttpRequest.BodyPublishers.ofString(body);
  }
}
