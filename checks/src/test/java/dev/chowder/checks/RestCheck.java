package dev.chowder.checks;

import static dev.chowder.checks.Ran.assertFound;
import static dev.chowder.checks.Ran.assertSucceeded;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.chowder.base.Await;
import dev.chowder.operate.state.OwnerOnly;
import dev.chowder.program.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * Calls the whole REST API as {@code /v1/openapi.json} describes it, with schemathesis. No response
 * may be a 5xx, or have a status, reason, content type, header or body that the document does not
 * describe. The tool must also find errors that are planted in copies of the document. The same
 * seed makes the same requests.
 *
 * <p>{@code CHOWDER_FUZZ_SEED} is the seed; {@code random} takes a new one and prints it. {@code
 * CHOWDER_FUZZ_EXAMPLES} is the number of generated requests of each kind for each operation, and
 * {@code CHOWDER_FUZZ_SECONDS} the time limit of the main run.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RestCheck {
  private static final int FIRST_PORT = 25_000;

  /** More calls than this check makes, because all come from one address with one key. */
  private static final String NO_LIMIT = "1000000";

  /**
   * Nothing listens on this port, so the check of the model's key ends at once with a note and
   * without network access.
   */
  private static final String MODEL =
      """
      {"model_endpoints": {"custom": {"base_url": "http://localhost:1/v1", "model": "none"}}}
      """;

  private static final String RUNNING = "running";
  private static final String STOPPED = "stopped";
  private static final String DELETED = "deleted";
  private static final Duration INSTANCE_LIMIT = Duration.ofMinutes(1);

  private static final String RESPONSES = "/paths/~1v1~1organization/get/responses";
  private static final String JSON_TYPE = "application/json";

  /** The seed of the gate, whose requests are always the same. */
  private static final String FIXED_SEED = "1";

  private static final String SEED = seed(setting("CHOWDER_FUZZ_SEED", FIXED_SEED));

  private static final String EXAMPLES = setting("CHOWDER_FUZZ_EXAMPLES", "10");
  private static final Duration LIMIT =
      Duration.ofSeconds(Long.parseLong(setting("CHOWDER_FUZZ_SECONDS", "300")));

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Project PROJECT = Project.here();
  private static final SimulatedInstallation INSTALLATION =
      SimulatedInstallation.create(PROJECT, FIRST_PORT);

  private static Schemathesis tool;
  private static JsonNode document;

  /** Returns the seed of a setting; a new one for {@code random}. */
  private static String seed(String setting) {
    return setting.equals("random")
        ? Integer.toString(ThreadLocalRandom.current().nextInt(1 << 30))
        : setting;
  }

  private static String setting(String name, String otherwise) {
    var value = System.getenv().getOrDefault(name, "");
    return value.isEmpty() ? otherwise : value;
  }

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    tool = Schemathesis.install(PROJECT, INSTALLATION.folder());
    // Port 1 is that of the model above. Port 11434 is in the document's examples, which must be
    // valid.
    INSTALLATION.set("CHOWDER_LOCALHOST_MODEL_PORTS", "1,11434");
    INSTALLATION.set("CHOWDER_RATE_SIGN_UP_BURST", "100000");
    INSTALLATION.set("CHOWDER_RATE_BURST", NO_LIMIT);
    INSTALLATION.set("CHOWDER_UNKNOWN_BURST", NO_LIMIT);
    INSTALLATION.set("CHOWDER_NO_KEY_BURST", NO_LIMIT);
    INSTALLATION.set("CHOWDER_NO_KEY_PER_SECOND", NO_LIMIT);
    INSTALLATION.start();
    INSTALLATION.admin("organizations", "set-tier", INSTALLATION.text("organization-id"), "whale");
    var _ = INSTALLATION.call("PATCH", "/v1/organization", MODEL);
    OwnerOnly.write(
        INSTALLATION.folder().resolve(Schemathesis.SETTINGS), settings(createInstances()));
    document = INSTALLATION.call("GET", "/v1/openapi.json", "");
    document.at("/components/responses").forEach(RestCheck::requireReasons);
  }

  @AfterAll
  static void remove() {
    INSTALLATION.close();
  }

  /** Lets the schema of an error accept only the reasons that the document names for it. */
  private static void requireReasons(JsonNode error) {
    var json = (ObjectNode) error.at("/content/application~1json");
    var body = json.remove("schema");
    var both = json.putObject("schema").putArray("allOf").add(body);
    var details = both.addObject().putObject("properties").putObject("details");
    var info = details.putObject("contains");
    info.putArray("required").add("reason");
    info.putObject("properties").putObject("reason").set("enum", error.required("x-reasons"));
  }

  /** Creates instances in each steady status, and returns their ids by name. */
  private static Map<String, String> createInstances() throws IOException, InterruptedException {
    var ids = new HashMap<String, String>();
    for (var name : new String[] {RUNNING, STOPPED, DELETED, "spare-1", "spare-2", "spare-3"}) {
      ids.put(name, create(name));
    }
    var _ = INSTALLATION.call("POST", "/v1/instances/%s/stop".formatted(ids.get(STOPPED)), "");
    var _ = INSTALLATION.call("DELETE", "/v1/instances/" + ids.get(DELETED), "");
    return ids;
  }

  private static String create(String name) throws IOException, InterruptedException {
    var body = JSON.createObjectNode().put("name", name).put("model_provider", "custom");
    var id = INSTALLATION.call("POST", "/v1/instances", body.toString()).path("id").asText();
    var path = "/v1/instances/%s/status".formatted(id);
    Await.until(
        INSTANCE_LIMIT,
        () -> INSTALLATION.call("GET", path, "").path("status").asText().equals("running"),
        () -> "the instance %s does not run\n%s".formatted(name, INSTALLATION.endOfLog("server")));
    return id;
  }

  /** Returns the settings of schemathesis for a file, since the key must not be an argument. */
  private static String settings(Map<String, String> ids) {
    return """
        workers = 1
        request-timeout = 40.0
        # Watches and followed logs have no end, so only their first event is checked.
        max-stream-events = 1
        hooks = "%s"
        warnings = false

        [auth.openapi.key]
        bearer = "%s"

        [generation]
        database = "none"

        # Calls with unknown instance ids are rejected early, so most calls use existing instances.
        [dictionaries.instances]
        values = ["%s", "%s", "%s"]

        [dictionaries.spares]
        values = ["%s", "%s", "%s"]

        [parameters]
        "path.instance_id" = {dictionary = "instances", probability = 0.8}

        [[operations]]
        include-operation-id = "DeleteInstance"
        parameters = {"path.instance_id" = {dictionary = "spares", probability = 0.5}}

        [checks]
        enabled = false
        not_a_server_error.enabled = true
        status_code_conformance.enabled = true
        content_type_conformance.enabled = true
        response_headers_conformance.enabled = true
        response_schema_conformance.enabled = true
        ignored_auth.enabled = true
        """
        .formatted(
            PROJECT.file(Schemathesis.HOOKS),
            INSTALLATION.key(),
            ids.get(RUNNING),
            ids.get(STOPPED),
            ids.get(DELETED),
            ids.get("spare-1"),
            ids.get("spare-2"),
            ids.get("spare-3"));
  }

  @Test
  void theDocumentIsValid() throws IOException {
    assertSucceeded(tool.validate(write(document)));
  }

  @Test
  void anUndocumentedStatusIsFound() throws IOException {
    assertFinds("Undocumented status code", copy -> object(copy, RESPONSES).remove("200"));
  }

  @Test
  void aBodyWithoutARequiredFieldIsFound() throws IOException {
    assertFinds(
        "Response violates schema",
        copy -> array(copy, "/components/schemas/Organization/required").add("planted"));
  }

  @Test
  void anUndocumentedContentTypeIsFound() throws IOException {
    assertFinds(
        "Undocumented Content-Type",
        copy -> {
          var content = object(copy, RESPONSES + "/200/content");
          content.set("text/plain", content.remove(JSON_TYPE));
        });
  }

  @Test
  void aMissingHeaderIsFound() throws IOException {
    assertFinds(
        "Missing required response headers",
        copy -> {
          var header = object(copy, "/components/headers").putObject("x-planted");
          header.put("required", true).putObject("schema").put("type", "string");
          object(copy, RESPONSES + "/200")
              .withObjectProperty("headers")
              .putObject("x-planted")
              .put("$ref", "#/components/headers/x-planted");
        });
  }

  @Test
  void anUndocumentedReasonIsFound() throws IOException {
    assertFinds(
        "Response violates schema",
        copy ->
            array(
                    copy,
                    "/components/responses/KeyInvalid401/content/application~1json/schema/allOf/1"
                        + "/properties/details/contains/properties/reason/enum")
                .removeAll()
                .add("PLANTED"));
  }

  /** Runs after the tests above, which show that it can fail. */
  @Test
  @Order(Order.DEFAULT + 1)
  void theDocumentDescribesAllResponses() throws IOException {
    int operations = 0;
    for (var path : document.path("paths")) operations += path.size();
    System.out.printf(
        "Calling the %d operations of the API document; seed %s ...%n", operations, SEED);
    var result =
        run(
            write(document).toString(),
            "--url",
            INSTALLATION.url(),
            "--phases",
            "examples,coverage,fuzzing,stateful",
            "--max-examples",
            EXAMPLES);
    System.out.println(result.output() + result.errors());
    assertThat(result.exit())
        .as("see the output above; CHOWDER_FUZZ_SEED=%s repeats the requests", SEED)
        .isZero();
  }

  /** Runs last, because no server runs afterwards. */
  @Test
  @Order(Order.DEFAULT + 2)
  void anOutageIsFound() throws IOException {
    INSTALLATION.stopNode(1);
    assertFinds("Server error", _ -> {});
  }

  /** Asserts that the tool finds an error after a change of the document. */
  private static void assertFinds(String finding, Consumer<JsonNode> change) throws IOException {
    var copy = document.deepCopy();
    change.accept(copy);
    var result =
        run(
            write(copy).toString(),
            "--url",
            INSTALLATION.url(),
            "--include-operation-id",
            "GetOrganization",
            "--phases",
            "coverage",
            "--max-examples",
            "3");
    assertFound(result, finding);
  }

  private static Program.Result run(String from, String... options) {
    return tool.run(LIMIT, SEED, from, options);
  }

  private static Path write(JsonNode content) throws IOException {
    return Files.writeString(INSTALLATION.folder().resolve("openapi.json"), content.toString());
  }

  private static ObjectNode object(JsonNode parent, String pointer) {
    return (ObjectNode) parent.requiredAt(pointer);
  }

  private static ArrayNode array(JsonNode parent, String pointer) {
    return (ArrayNode) parent.requiredAt(pointer);
  }
}
