package dev.chowder.e2e;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** A holder of an organization's key, who calls the REST API at {@code rest}. */
record Caller(URI rest, String key) {
  static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .build();

  /** Calls the installation under test. */
  Caller(String key) {
    this(Installation.UNDER_TEST.rest(), key);
  }

  /** Returns the key holder of the organization that {@code scripts/up} created. */
  static Caller ofTheInstallation() {
    return new Caller(Installation.UNDER_TEST.key());
  }

  /** Creates an organization of tier shrimp (one instance) that uses the demo model. */
  static Caller newcomer(String name) {
    return newcomer(
        name,
        """
        {"model_endpoints": {"custom": {"base_url": "%s/v1", "model": "demo"}}}
        """
            .formatted(Installation.UNDER_TEST.demoModel()));
  }

  static Caller newcomer(String name, String settings) {
    Answer answer =
        new Caller("")
            .post("/v1/organization/signup", "{\"name\": \"%s\"}".formatted(name))
            .is(201);
    Caller caller = new Caller(answer.text("api_key"));
    caller.send("PATCH", "/v1/organization", settings).is(200);
    return caller;
  }

  Answer get(String path) {
    return finish(request(path).GET());
  }

  Answer post(String path) {
    return finish(request(path).POST(HttpRequest.BodyPublishers.noBody()));
  }

  Answer post(String path, String json) {
    return send("POST", path, json);
  }

  Answer send(String method, String path, String json) {
    return finish(
        request(path)
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(json)));
  }

  Answer delete(String path) {
    return finish(request(path).DELETE());
  }

  HttpRequest.Builder request(String path) {
    var request = HttpRequest.newBuilder(URI.create(rest + path)).timeout(Limits.PROVISIONING);
    return key.isEmpty() ? request : request.header("Authorization", "Bearer " + key);
  }

  static Answer finish(HttpRequest.Builder request) {
    try {
      HttpResponse<String> response =
          HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.headers().map(), response.body());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }
}
