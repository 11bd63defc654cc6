package dev.chowder.server.edge;

import static dev.chowder.server.operator.OperatorCalls.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import dev.chowder.base.FileTree;
import dev.chowder.server.Chowder;
import dev.chowder.server.operator.OperatorCalls;
import dev.chowder.server.process.SimulatedEngines;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The complete server with a real Envoy in front of it; only sandboxes are simulated. It has
 * organizations and instances in every state: see {@link #populate}.
 */
final class WholeServer implements BeforeAllCallback, AfterAllCallback {
  private static final Map<String, Object> SETTINGS =
      Map.of(
          "chowder.grpc.port",
          0,
          "chowder.operator.port",
          0,
          "chowder.monitoring.port",
          0,
          "chowder.grpc.shutdown-timeout",
          "1s",
          "chowder.sign-up-open",
          "loopback",
          // A provider that never responds keeps an instance provisioning for the complete test.
          "chowder.effect.probe-timeout",
          "100s",
          "chowder.instance.max-watchers",
          1,
          // A pool member would be a sandbox that the tests do not expect.
          "chowder.pool.max-size",
          0,
          // The tests call far more often than an organization does.
          "chowder.rate.burst",
          1_000_000);

  private final World world = new World();
  private @Nullable Path folder;
  private @Nullable StubModels models;
  private @Nullable Chowder chowder;
  private @Nullable EnvoyProcess envoy;

  World world() {
    return world;
  }

  InetSocketAddress rest() {
    return Edge.loopback(Objects.requireNonNull(envoy).port());
  }

  InetSocketAddress grpc() {
    return Edge.loopback(Objects.requireNonNull(chowder).grpcPort());
  }

  /** Returns the folder of simulated sandboxes. */
  Path sandboxes() {
    return Objects.requireNonNull(folder).resolve("sandboxes");
  }

  /** Calls with the key of this name; without a key if it is empty. */
  RawHttp.Answer call(String key, RawHttp.Request request) throws IOException {
    return RawHttp.send(
        rest(),
        key.isEmpty() ? request : request.with("Authorization", "Bearer " + world.get(key)));
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    folder = Files.createTempDirectory("whole-server");
    models = StubModels.start();
    start(Map.of());
    populate();
  }

  /** Restarts the server with the same data and other settings. */
  void restart(Map<String, Object> settings) throws IOException, InterruptedException {
    stop();
    start(settings);
  }

  private void start(Map<String, Object> settings) throws IOException, InterruptedException {
    var home = Objects.requireNonNull(folder);
    var all = new HashMap<String, Object>(SETTINGS);
    all.put("chowder.home", home.toString());
    all.put("chowder.sandbox.fake.directory", home.resolve("sandboxes").toString());
    all.put("chowder.host-ports.models", "11434, 1234, " + Objects.requireNonNull(models).port());
    all.putAll(settings);
    // Applied before references are resolved, because other settings refer to the home.
    var config =
        ConfigFactory.load(
            ConfigFactory.parseMap(all)
                .withFallback(ConfigFactory.parseResources("application.conf")));
    chowder = Chowder.start(config, SimulatedEngines::of);
    envoy =
        EnvoyProcess.start(
            Files.createDirectories(home.resolve("envoy-" + chowder.grpcPort())),
            Map.of(
                "CHOWDER_GRPC_PORT", Integer.toString(chowder.grpcPort()),
                "CHOWDER_OPERATOR_PORT", Integer.toString(chowder.operatorPort()),
                "CHOWDER_MONITORING_PORT", Integer.toString(chowder.monitoringPort()),
                "CHOWDER_ENVOY_TOKEN_FILE", Edge.envoyToken(home).toString()));
  }

  /**
   * Creates the organizations. {@code key} owns a {@code running}, a {@code stopped} and a {@code
   * deleted} instance and has no limit. {@code other_key} owns {@code foreign}. {@code full_key}
   * has no free slot. {@code slow_key}'s instance is {@code provisioning}; {@code failing_key}'s
   * has {@code failed}. {@code bare_key} has no provider, and replaced {@code revoked_key}. {@code
   * reader_key} is a scoped key of {@code key}'s organization that may {@code read} {@code
   * running}.
   */
  private void populate() throws IOException {
    signUp("key", "ok");
    setTier("key", "whale");
    signUp("other_key", "ok");
    signUp("full_key", "ok");
    signUp("slow_key", "silent");
    signUp("failing_key", "refusing");
    signUp("revoked_key", "");
    create("running", "key", "running");
    create("foreign", "other_key", "running");
    create("only", "full_key", "running");
    create("failed", "failing_key", "error");
    create("stopped", "key", "running");
    require(200, call("key", post("/v1/instances/" + world.get("stopped") + "/stop?wait=60")));
    create("deleted", "key", "running");
    require(
        204, call("key", RawHttp.Request.of("DELETE", "/v1/instances/" + world.get("deleted"))));
    create("provisioning", "slow_key", "provisioning");
    world.put(
        "bare_key",
        operator(
                "CreateOrganizationKey",
                request("organization_id", world.get("revoked_key_organization")),
                201)
            .get("api_key")
            .asText());
    issue("reader_key", "key", "{\"instance_ids\":[\"{running}\"],\"permissions\":[\"read\"]}");
  }

  /** Creates a scoped key and returns its id. */
  String issue(String name, String owner, String json) throws IOException {
    var scope = world.fill(json).replaceFirst("\\{", "{\"name\":\"" + name + "\",");
    var key = require(201, call(owner, post("/v1/keys").json(scope))).json();
    world.put(name, key.get("raw_key").asText());
    return key.get("id").asText();
  }

  void signUp(String key, String models) throws IOException {
    var answer = call("", post("/v1/organization/signup").json("{\"name\":\"" + key + "\"}"));
    var json = require(201, answer).json();
    world.put(key, json.get("api_key").asText());
    world.put(key + "_organization", json.get("organization").get("id").asText());
    if (models.isEmpty()) return;
    var endpoint = Objects.requireNonNull(this.models).url(models);
    require(
        200,
        call(
            key,
            RawHttp.Request.of("PATCH", "/v1/organization")
                .json(
                    "{\"model_endpoints\":{\"custom\":{\"model\":\"m\",\"base_url\":\""
                        + endpoint
                        + "\"}}}")));
  }

  void setTier(String key, String tier) throws IOException {
    operator(
        "SetTier", request("organization_id", world.get(key + "_organization"), "tier", tier), 200);
  }

  /** Calls an RPC of the operator port. */
  JsonNode operator(String rpc, String request, int status) throws IOException {
    var token = Files.readString(Objects.requireNonNull(folder).resolve("operator.token")).strip();
    var port = Objects.requireNonNull(chowder).operatorPort();
    var answer = OperatorCalls.send(port, token, rpc, request);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return new ObjectMapper().readTree(answer.body());
  }

  private void create(String name, String key, String status) throws IOException {
    var request =
        post("/v1/instances").json("{\"name\":\"" + name + "\",\"model_provider\":\"custom\"}");
    var id = require(201, call(key, request)).json().get("id").asText();
    world.put(name, id);
    var watch =
        RawHttp.Request.of("GET", "/v1/instances/" + id + "/watch")
            .with("Authorization", "Bearer " + world.get(key));
    try (var exchange = RawHttp.open(rest(), watch)) {
      exchange.head();
      String seen;
      do {
        seen = new String(exchange.chunk(), StandardCharsets.UTF_8);
      } while (!seen.isEmpty() && !seen.contains("\"status\":\"" + status + "\""));
      assertThat(seen).as("%s becomes %s", name, status).isNotEmpty();
    }
  }

  static RawHttp.Request post(String target) {
    return RawHttp.Request.of("POST", target);
  }

  private static RawHttp.Answer require(int status, RawHttp.Answer answer) {
    assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
    return answer;
  }

  private void stop() {
    if (envoy != null) envoy.close();
    if (chowder != null) chowder.close();
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    if (models != null) models.close();
    stop();
    if (folder != null) FileTree.remove(folder);
  }
}
