package dev.chowder.checks.systemd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.program.Program;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Calls Chowder's REST API through Envoy, with the key that the commands of the page stored. The
 * callers repeat calls, because some take longer than their time limits on an emulated processor.
 */
final class Api {
  private static final String BASE = "http://127.0.0.1:8080";
  private static final Path CONTEXTS = Path.of("/root/.config/chowder/contexts.json");

  /** Where the id of the agent survives the reboot. */
  private static final Path ID = Path.of("/opt/id");

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int UNAUTHENTICATED = 401;
  private static final int MISSING = 404;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final ObjectMapper json = new ObjectMapper();

  boolean envoyAnswers() throws IOException, InterruptedException {
    var request = HttpRequest.newBuilder(URI.create(BASE + "/v1/organization")).timeout(LIMIT);
    return send(request.build()).statusCode() == UNAUTHENTICATED;
  }

  /** Runs the commands of the page for the organization, and returns whether there is a key. */
  boolean createsOrganization() throws IOException {
    return Program.of("bash", "-c", ". /check/admin && . /check/organization")
            .within(LIMIT.multipliedBy(4))
            .succeeds()
        && !key().isEmpty();
  }

  boolean createsAgent() throws IOException, InterruptedException {
    var provider = "{\"model_api_keys\":{\"anthropic\":\"simulated\"}}";
    var _ = call("PATCH", "/v1/organization", provider);
    var agent = "{\"name\":\"hello\",\"model_provider\":\"anthropic\"}";
    var id = read(call("POST", "/v1/instances", agent)).path("id").asText();
    if (!id.isEmpty()) Files.writeString(ID, id);
    return !id.isEmpty();
  }

  boolean hasStatus(String status) throws IOException, InterruptedException {
    return read(agent("GET", "", "")).path("status").asText().equals(status);
  }

  /** Sends the verb {@code stop} or {@code start}, and returns whether its result is there. */
  boolean becomes(String verb, String status) throws IOException, InterruptedException {
    var _ = agent("POST", "/" + verb, "");
    return hasStatus(status);
  }

  boolean answers() throws IOException, InterruptedException {
    var response = agent("POST", "/responses", "{\"input\":\"Say hello\"}");
    return response.body().contains("output_text");
  }

  boolean isDeleted() throws IOException, InterruptedException {
    var _ = agent("DELETE", "", "");
    return agent("GET", "", "").statusCode() == MISSING;
  }

  private HttpResponse<String> agent(String method, String path, String body)
      throws IOException, InterruptedException {
    return call(method, "/v1/instances/" + Files.readString(ID) + path, body);
  }

  /** The idempotency key is the same for all repetitions of a call that creates. */
  private HttpResponse<String> call(String method, String path, String body)
      throws IOException, InterruptedException {
    var request =
        HttpRequest.newBuilder(URI.create(BASE + path))
            .timeout(LIMIT)
            .header("Authorization", "Bearer " + key())
            .header("Content-Type", "application/json")
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    if (path.equals("/v1/instances")) request.header("Idempotency-Key", "one");
    return send(request.build());
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, BodyHandlers.ofString());
  }

  private JsonNode read(HttpResponse<String> response) throws IOException {
    return json.readTree(response.body());
  }

  private String key() throws IOException {
    return json.readTree(Files.readString(CONTEXTS)).findPath("key").asText();
  }
}
