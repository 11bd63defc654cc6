package dev.chowder.server.cluster;

import static dev.chowder.server.operator.OperatorCalls.request;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.sun.net.httpserver.HttpServer;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.GetOrganizationRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.Organization;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.server.operator.OperatorCalls;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** An organization and its calls over any channel. */
final class Owner implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final String NAME = "Cluster";
  private static final int CALL_SECONDS = 60;
  private static final int WAIT_SECONDS = 30;

  private final HttpServer models;
  private final String key;
  private final String organizationId;

  Owner(ThreeNodes nodes, String tier) throws IOException, InterruptedException {
    this(nodes.all(), nodes.operatorToken(), tier);
  }

  /**
   * Signs up through the first node.
   *
   * @param nodes nodes of one cluster, at least one
   */
  Owner(List<Node> nodes, String operatorToken, String tier)
      throws IOException, InterruptedException {
    models = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
    models.createContext(
        "/v1",
        exchange -> {
          var body = "{\"object\":\"list\",\"data\":[]}".getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    models.start();
    var channel = nodes.getFirst().channel();
    var signedUp =
        OrganizationServiceGrpc.newBlockingStub(channel)
            .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
            .signUp(SignUpRequest.newBuilder().setName(NAME).build());
    key = signedUp.getApiKey();
    organizationId = signedUp.getOrganization().getId();
    // Uses another node, which must know the change of the first.
    var second = nodes.get(1 % nodes.size());
    order(
        second, operatorToken, "SetTier", request("organization_id", organizationId, "tier", tier));
    var port = Integer.toString(models.getAddress().getPort());
    order(second, operatorToken, "OpenHostPort", request("port", port));
    useEndpoint(nodes.getLast().channel(), "/v1");
  }

  /** Lets the organization's next instances use this path of its model provider. */
  void useEndpoint(Channel channel, String path) {
    var _ =
        OrganizationServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()))
            .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder()
                    .setModelEndpoints(Struct.newBuilder().putFields("custom", endpoint(path)))
                    .build());
  }

  /** Deletes the organization and all its instances. Does not wait for the last sandbox. */
  void leave(ThreeNodes nodes) {
    try {
      deleteOrganization(nodes.node(1), nodes.operatorToken());
    } catch (IOException why) {
      throw new UncheckedIOException(why);
    } finally {
      close();
    }
  }

  /** Deletes the organization and all its instances, as an operator does. Returns at once. */
  void deleteOrganization(Node node, String operatorToken) throws IOException {
    order(
        node,
        operatorToken,
        "DeleteOrganization",
        request("organization_id", organizationId, "name", NAME));
  }

  private static void order(Node node, String operatorToken, String rpc, String request)
      throws IOException {
    var answer = OperatorCalls.send(node.ports().operator(), operatorToken, rpc, request);
    if (answer.statusCode() != 200) throw new IOException(answer.body());
  }

  private Value endpoint(String path) {
    return Value.newBuilder()
        .setStructValue(
            Struct.newBuilder()
                .putFields(
                    "base_url", text("http://localhost:" + models.getAddress().getPort() + path))
                .putFields("model", text("any")))
        .build();
  }

  private static Value text(String text) {
    return Value.newBuilder().setStringValue(text).build();
  }

  String key() {
    return key;
  }

  String organizationId() {
    return organizationId;
  }

  Metadata headers() {
    var headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + key);
    return headers;
  }

  InstanceServiceGrpc.InstanceServiceBlockingStub over(Channel channel) {
    return InstanceServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }

  Organization organization(Channel channel) {
    return OrganizationServiceGrpc.newBlockingStub(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers()))
        .withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS)
        .getOrganization(GetOrganizationRequest.getDefaultInstance());
  }

  Instance create(Channel channel, String name) {
    return over(channel)
        .createInstance(
            CreateInstanceRequest.newBuilder().setName(name).setModelProvider("custom").build());
  }

  /** Creates one instance, however often it is called with this key. */
  Instance createOnce(Channel channel, String idempotencyKey) {
    var headers = new Metadata();
    headers.put(IDEMPOTENCY_KEY, idempotencyKey);
    return over(channel)
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createInstance(
            CreateInstanceRequest.newBuilder().setName("once").setModelProvider("custom").build());
  }

  Instance get(Channel channel, String id) {
    return over(channel).getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  Instance stop(Channel channel, String id) {
    return over(channel)
        .stopInstance(
            StopInstanceRequest.newBuilder().setInstanceId(id).setWait(WAIT_SECONDS).build());
  }

  Instance start(Channel channel, String id) {
    return over(channel)
        .startInstance(
            StartInstanceRequest.newBuilder().setInstanceId(id).setWait(WAIT_SECONDS).build());
  }

  void delete(Channel channel, String id) {
    var _ =
        over(channel).deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  /** Returns the status of each listed instance by id. */
  Map<String, Instance.Status> list(Channel channel) {
    var all = new HashMap<String, Instance.Status>();
    var token = "";
    do {
      var page =
          over(channel)
              .listInstances(
                  ListInstancesRequest.newBuilder().setPageSize(100).setPageToken(token).build());
      page.getInstancesList()
          .forEach(
              instance -> {
                if (all.put(instance.getId(), instance.getStatus()) != null) {
                  throw new AssertionError(instance.getId() + " is listed twice");
                }
              });
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return all;
  }

  @Override
  public void close() {
    models.stop(0);
  }
}
