package dev.chowder.server.node;

import static dev.chowder.server.operator.OperatorCalls.request;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.sun.net.httpserver.HttpServer;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.ChannelServiceGrpc.ChannelServiceBlockingStub;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.FileServiceGrpc;
import dev.chowder.api.v1.FileServiceGrpc.FileServiceBlockingStub;
import dev.chowder.api.v1.FileServiceGrpc.FileServiceStub;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.KeyServiceGrpc;
import dev.chowder.api.v1.KeyServiceGrpc.KeyServiceBlockingStub;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.OrganizationServiceGrpc.OrganizationServiceBlockingStub;
import dev.chowder.api.v1.PutFileContentRequest;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.SkillServiceGrpc;
import dev.chowder.api.v1.SkillServiceGrpc.SkillServiceBlockingStub;
import dev.chowder.api.v1.SubscriptionServiceGrpc;
import dev.chowder.api.v1.SubscriptionServiceGrpc.SubscriptionServiceBlockingStub;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.base.Await;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.secret.SecretSettings;
import dev.chowder.server.auth.AuthInterceptor;
import dev.chowder.server.operator.OperatorCalls;
import dev.chowder.server.operator.OperatorCalls.Answer;
import dev.chowder.simulator.FakeSandboxSettings;
import dev.chowder.simulator.FakeScript;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import dev.chowder.storage.Database;
import dev.chowder.storage.StorageSettings;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** A node with its callers and its operator. Its database and its host outlive it. */
final class Node implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(40);
  private final Path home;
  private final Config config;
  private final SimulatedEngine host;
  private final HttpServer models;
  private final NodeRuns runs;

  private Node(
      Path home, Config config, SimulatedEngine host, HttpServer models, Predicate<String> diesAt)
      throws IOException {
    this.home = home;
    this.config = config;
    this.host = host;
    this.models = models;
    this.runs = new NodeRuns(config, host, diesAt, this::operatorToken);
  }

  NodeRuns runs() {
    return runs;
  }

  /**
   * Starts a node with sandboxes in {@code home/sandboxes} and the default interval of
   * reconciliation passes.
   */
  static Node start(Path home, Map<String, Object> settings) throws IOException {
    return start(home, home.resolve("sandboxes"), settings);
  }

  /** Starts a node with sandboxes in another folder, as on a host that served another database. */
  static Node start(Path home, Path sandboxes, Map<String, Object> settings) throws IOException {
    return start(home, host(sandboxes), settings);
  }

  /** Returns a host with the sandboxes in this folder, including those of an earlier node. */
  static SimulatedEngine host(Path sandboxes) {
    return new SimulatedEngine(FakeSandboxSettings.instant().in(sandboxes));
  }

  /** Starts a node on an existing host. */
  static Node start(Path home, SimulatedEngine host, Map<String, Object> settings)
      throws IOException {
    return start(home, host, settings, _ -> false);
  }

  /**
   * Starts a node that may die.
   *
   * @param diesAt as for {@link NodeRuns}
   */
  static Node start(
      Path home, SimulatedEngine host, Map<String, Object> settings, Predicate<String> diesAt)
      throws IOException {
    var all =
        new HashMap<String, Object>(
            Map.of(
                "chowder.home",
                home.toString(),
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
                // Tests call as fast as they can.
                "chowder.rate.burst",
                1_000_000,
                "chowder.effect.min-retry-delay",
                "20ms",
                "chowder.effect.max-retry-delay",
                "100ms"));
    var models = models();
    // Tests of the pool enable it. Other tests do not expect the sandbox of a member.
    all.put("chowder.pool.max-size", 0);
    // Its disk is that of all tests.
    all.put("chowder.disk.min-free-space", "0 B");
    // An actor on a busy machine replies late. A simulated gateway does nothing after a turn.
    all.put("chowder.instance.ask-timeout", "30s");
    all.put("chowder.organization.ask-timeout", "30s");
    all.put("chowder.openclaw.warm-up-delay", "0s");
    all.put("chowder.host-ports.models", "11434, 1234, " + models.getAddress().getPort());
    all.putAll(settings);
    var config =
        ConfigFactory.load(
            ConfigFactory.parseMap(all)
                .withFallback(ConfigFactory.parseResources("application.conf")));
    return new Node(home, config, host, models, diesAt);
  }

  /** Starts a provider that lists no model and accepts every key. */
  private static HttpServer models() throws IOException {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    server.createContext(
        "/v1/models",
        exchange -> {
          var body = "{\"object\":\"list\",\"data\":[]}".getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return server;
  }

  /** Sets the endpoint of the organization's provider {@code custom}. */
  void useEndpoint(String key, String baseUrl) {
    var endpoint =
        Struct.newBuilder()
            .putFields("base_url", text(baseUrl))
            .putFields("model", text("any"))
            .build();
    var _ =
        organizations(key)
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder()
                    .setModelEndpoints(
                        Struct.newBuilder()
                            .putFields(
                                "custom", Value.newBuilder().setStructValue(endpoint).build()))
                    .build());
  }

  /** Opens the node's own database, to inspect the stored rows. */
  Database openDatabase() {
    return Database.open(StorageSettings.from(config));
  }

  SecretSettings secretSettings() {
    return SecretSettings.from(config);
  }

  SimulatedEngine host() {
    return host;
  }

  /** Returns how many calls of this verb the simulated host got. */
  long calls(Verb verb) {
    return script().calls().stream().filter(call -> call.verb() == verb).count();
  }

  FakeScript script() {
    return host.script();
  }

  /** Returns the port of the provider that {@link #newcomer} sets. */
  int modelPort() {
    return models.getAddress().getPort();
  }

  int operatorPort() {
    return runs.node().operatorPort();
  }

  int monitoringPort() {
    return runs.node().monitoringPort();
  }

  /** Signs up an organization that can create instances, and returns its key. */
  String newcomer(String tier) {
    var answer =
        OrganizationServiceGrpc.newBlockingStub(runs.channel())
            .signUp(SignUpRequest.newBuilder().setName("org").build());
    useEndpoint(answer.getApiKey(), "http://localhost:" + models.getAddress().getPort() + "/v1");
    assertThat(
            operator(
                    "SetTier",
                    request("organization_id", answer.getOrganization().getId(), "tier", tier))
                .statusCode())
        .isEqualTo(200);
    return answer.getApiKey();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  InstanceServiceBlockingStub instances(String key) {
    return InstanceServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)))
        .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  FileServiceBlockingStub files(String key) {
    return FileServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)))
        .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Writes a file into the workspace of an instance. */
  void putFile(String key, String instanceId, String path, String content) {
    var _ =
        files(key)
            .putFileContent(
                PutFileContentRequest.newBuilder()
                    .setInstanceId(instanceId)
                    .setPath(path)
                    .setContent(content)
                    .build());
  }

  SkillServiceBlockingStub skills(String key) {
    return SkillServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)))
        .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Returns a stub for calls that send many messages, which a blocking stub does not have. */
  FileServiceStub uploads(String key) {
    return FileServiceGrpc.newStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)))
        .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  ChannelServiceBlockingStub channels(String key) {
    return ChannelServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)))
        .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  OrganizationServiceBlockingStub organizations(String key) {
    return OrganizationServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)));
  }

  KeyServiceBlockingStub keys(String key) {
    return KeyServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(bearer(key)));
  }

  SubscriptionServiceBlockingStub subscriptions(String key) {
    return subscriptions(bearer(key));
  }

  /** Returns a stub for calls of Stripe, which have no key. */
  SubscriptionServiceBlockingStub subscriptions(Metadata headers) {
    return SubscriptionServiceGrpc.newBlockingStub(runs.channel())
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .withDeadlineAfter(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static Metadata bearer(String key) {
    var headers = new Metadata();
    headers.put(AuthInterceptor.AUTHORIZATION, "Bearer " + key);
    return headers;
  }

  String organizationId(String key) {
    return organizations(key).getOrganization(GetOrganizationRequest.getDefaultInstance()).getId();
  }

  int slots(String key) {
    return organizations(key)
        .getOrganization(GetOrganizationRequest.getDefaultInstance())
        .getInstanceCount();
  }

  String create(String key) {
    return instances(key)
        .createInstance(
            CreateInstanceRequest.newBuilder().setName("one").setModelProvider("custom").build())
        .getId();
  }

  String createRunning(String key) {
    var id = create(key);
    awaitStatus(key, id, Instance.Status.running);
    return id;
  }

  Instance get(String key, String id) {
    return instances(key).getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  Instance awaitStatus(String key, String id, Instance.Status status) {
    await(() -> get(key, id).getStatus() == status ? "" : "not " + status + ": " + get(key, id));
    return get(key, id);
  }

  static SandboxId sandbox(String id) {
    return SandboxId.ofInstance(id);
  }

  /** Calls an RPC of the operator port without fields. */
  Answer operator(String rpc) {
    return operator(rpc, "{}");
  }

  /** Calls an RPC of the operator port. */
  Answer operator(String rpc, String request) {
    return operator(rpc, request, operatorToken());
  }

  /** Calls an RPC of the operator port with another token. */
  Answer operator(String rpc, String request, String token) {
    return OperatorCalls.send(runs.node().operatorPort(), token, rpc, request);
  }

  private String operatorToken() {
    try {
      return Files.readString(home.resolve("operator.token")).strip();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Returns the response of the health check, as a load balancer gets it. */
  String health() {
    return runs.metrics().health();
  }

  /** Returns all metrics in the text format of Prometheus. */
  String metrics() {
    return runs.metrics().text();
  }

  /** Returns the metric with this name. */
  double metric(String name) {
    return runs.metrics().find(name).orElseThrow(() -> new AssertionError("no metric " + name));
  }

  /** Waits until the problem is empty. */
  static void await(Supplier<String> problem) {
    Await.untilSolved(LIMIT, problem);
  }

  @Override
  public void close() {
    script().reachable();
    runs.close();
    host.close();
    models.stop(0);
  }
}
